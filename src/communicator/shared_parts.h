// Memory that every rank has and every rank reaches: made, told and mapped in one collective call.
#pragma once

#include <cstddef>
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
  // Peers have stopped writing, or keep a mapping of their own.
  ~SharedParts();
  SharedParts(const SharedParts&) = delete;
  SharedParts& operator=(const SharedParts&) = delete;

  // This rank's own, zeroed at first.
  std::byte* data() const { return static_cast<std::byte*>(own_[0].second.address); }
  std::size_t bytes() const { return bytes_; }
  // By rank.
  const std::vector<p2p::Remote>& all() const { return parts_; }

 private:
  PartOffer offer();
  void import(int rank, const PartOffer& offer);
  void release();

  Communicator::Impl& communicator_;
  const std::size_t bytes_;
  // The first allocated it.
  std::vector<std::pair<transport::Transport*, transport::LocalMemory>> own_;
  std::vector<transport::RemoteMemory> imported_;  // by rank; peer -1: none
  std::vector<p2p::Remote> parts_;
};

}  // namespace weft
