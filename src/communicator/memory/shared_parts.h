// Memory that every rank has and every rank reaches: made, told and mapped in one collective call.
#pragma once

#include <cstddef>
#include <vector>

#include "communicator/impl.h"
#include "connections/region.h"
#include "p2p/access.h"

namespace weft {

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
  std::byte* data() const { return region_.data(); }
  std::size_t bytes() const { return bytes_; }
  // By rank.
  const std::vector<p2p::Remote>& all() const { return parts_; }

 private:
  Communicator::Impl& communicator_;
  const std::size_t bytes_;
  Region region_;
  std::vector<p2p::Remote> parts_;
  std::vector<int> numbers_;  // by rank, of closed_memory
};

}  // namespace weft
