#include "communicator/memory/shared_parts.h"

#include "communicator/memory/closed_memory.h"

namespace weft {

SharedParts::SharedParts(Communicator::Impl& owner, const char* call, std::size_t bytes)
    : communicator_(owner),
      bytes_(bytes),
      region_(*owner.connections, {call, bytes, owner.members()},
              [&owner](const Blob& mine) { return owner.gather(mine); }) {
  ClosedMemory& closed = *owner.closed_memory;
  closed.sweep();
  for (int rank = 0; rank < owner.ranks(); ++rank) {
    const auto member = static_cast<std::size_t>(rank);
    parts_.push_back({p2p::span_of(region_.of(member)), region_.bytes_of(member)});
    numbers_.push_back(closed.next_number(rank));
  }
}

SharedParts::~SharedParts() {
  communicator_.links().progress.enter();
  for (int rank = 0; rank < communicator_.ranks(); ++rank) {
    if (rank == communicator_.rank()) continue;
    communicator_.closed_memory->add(rank, numbers_[static_cast<std::size_t>(rank)], region_.own());
  }
}

}  // namespace weft
