#include "communicator/endpoint.h"

#include <fmt/format.h>

namespace weft {

RankEndpoint::RankEndpoint(const executor::World& world, links::Links& links,
                           const executor::Executor& executor, const Allocations& allocations)
    : Endpoint(links), world_(world), executor_(executor), allocations_(allocations) {
  for (const executor::Link& link : world.links) {
    p2p::Path path = p2p::path_over(*link.transport, link.peer);
    path.bell = link.bell;
    paths_.push_back(path);
  }
  links.progress.add(this);
}

RankEndpoint::~RankEndpoint() { shared_links().progress.remove(this); }

std::string RankEndpoint::describe(int peer) const {
  return fmt::format("rank {} over {}", peer,
                     world_.links[static_cast<std::size_t>(peer)].transport_name);
}

p2p::SharedPlace RankEndpoint::locate(const void* address, std::size_t bytes) const {
  const Location location = allocations_.locate(address, bytes);
  return {location.id, location.offset};
}

std::byte* RankEndpoint::mapped(int peer, const p2p::SharedPlace& place, std::size_t bytes) const {
  return allocations_.address(peer, {place.id, place.offset}, bytes);
}

p2p::MailboxMemory mailbox_memory(const executor::World& world, int peer) {
  const executor::Link& link = world.links[static_cast<std::size_t>(peer)];
  const std::size_t there = world.layout.mailbox_offset(world.rank);
  return {world.layout.mailbox_bytes,
          world.segment + world.layout.mailbox_offset(peer),
          {&link.segment_memory, there, link.segment == nullptr ? nullptr : link.segment + there}};
}

}  // namespace weft
