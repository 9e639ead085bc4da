// Memory that every rank has and every rank reaches: made, told and mapped in one collective call.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "communicator/impl.h"
#include "p2p/access.h"

namespace weft {

struct PartOffer;

class SharedParts {
 public:
  // Collective; sizes may differ, and be 0. `call` names it in messages; `owner` outlives this.
  // Throws Error(no_resources, unsupported, ...) naming the rank without memory, at every rank.
  SharedParts(Communicator::Impl& owner, const char* call, std::size_t bytes);
  // Peers that have not closed it may go on writing: the memory stays until they have, or are gone.
  ~SharedParts();
  SharedParts(const SharedParts&) = delete;
  SharedParts& operator=(const SharedParts&) = delete;

  // This rank's own, zeroed at first.
  std::byte* data() const { return own_->data(); }
  std::size_t bytes() const { return bytes_; }
  // By rank.
  const std::vector<p2p::Remote>& all() const { return parts_; }

 private:
  // This rank's own part. The first transport allocated it, the others have registered it.
  struct Own {
    std::vector<std::pair<transport::Transport*, transport::LocalMemory>> memory;
    Own() = default;
    Own(const Own&) = delete;
    Own& operator=(const Own&) = delete;
    ~Own();
    std::byte* data() const { return static_cast<std::byte*>(memory[0].second.address); }
  };

  PartOffer offer();
  void import(int rank, const PartOffer& offer);
  void release_imported();

  Communicator::Impl& communicator_;
  const std::size_t bytes_;
  std::shared_ptr<Own> own_ = std::make_shared<Own>();
  std::vector<int> numbers_;                       // by rank, of closed_memory
  std::vector<transport::RemoteMemory> imported_;  // by rank; peer -1: none
  std::vector<p2p::Remote> parts_;
};

}  // namespace weft
