#include "communicator/setup/segments.h"

#include <algorithm>

#include "base/futex.h"

namespace weft {
namespace {

std::vector<int> numbers_of(const std::vector<Region::Member>& members) {
  std::vector<int> peers;
  peers.reserve(members.size());
  for (const Region::Member& member : members) peers.push_back(member.peer);
  return peers;
}

// Two lanes keep a network and a processor busy side by side. Where the processor is the network,
// one lane has all the memory.
executor::World world_of(const Connections& connections, std::span<const int> peers,
                         std::size_t shared_bytes) {
  executor::World world;
  if (peers.empty()) return world;
  const int lanes = connections.router().between(peers).names.empty() ? 1 : memory::kLanes;
  world.layout = memory::make_segment_layout(static_cast<int>(peers.size()), shared_bytes, lanes);
  return world;
}

}  // namespace

Segments::Segments(Connections& connections, std::vector<Region::Member> members,
                   std::size_t shared_bytes, const Gather& gather)
    : connections_(connections),
      peers_(numbers_of(members)),
      world_(world_of(connections, peers_, shared_bytes)),
      region_(connections, {"shared memory", world_.layout.total, std::move(members)}, gather) {
  if (peers_.empty()) return;
  world_.rank = static_cast<int>(std::ranges::find(peers_, connections.self()) - peers_.begin());
  world_.ranks = static_cast<int>(peers_.size());
  world_.segment = region_.data();
  world_.clock = &connections.clock();
  world_.links.resize(peers_.size());
  for (std::size_t rank = 0; rank < peers_.size(); ++rank) use(connections, rank);
}

void Segments::use(const Connections& connections, std::size_t rank) {
  const Way& way = connections.way(peers_[rank]);
  executor::Link& link = world_.links[rank];
  link.peer = peers_[rank];
  link.transport = way.transport;
  link.transport_name = way.transport_name;
  link.load_store = way.load_store;
  link.bell = way.bell;
  link.segment_memory = region_.of(rank);
  link.segment = static_cast<std::byte*>(link.segment_memory.mapped);
  if (std::ranges::find(world_.transports, way.transport) == world_.transports.end())
    world_.transports.push_back(way.transport);
}

void Segments::leave(bool over_puts) {
  for (int rank = 0; rank < world_.ranks; ++rank) {
    const executor::Link& link = world_.links[static_cast<std::size_t>(rank)];
    if (rank == world_.rank) continue;
    if (link.segment != nullptr) {
      memory::departure(link.segment, world_.layout, world_.rank)
          .store(1, std::memory_order_release);
      if (link.bell->load(std::memory_order_relaxed) != 0) futex_wake(link.bell);
    } else if (over_puts) {
      tell_by_put(link);
    }
  }
}

// Who has no order among puts is not told: this one could overtake what was sent before.
void Segments::tell_by_put(const executor::Link& link) {
  constexpr std::int64_t kLongestNs = 100'000'000;
  if (!link.transport->capabilities().ordered) return;
  transport::Put put;
  put.signal_memory = &link.segment_memory;
  put.signal_offset = world_.layout.departure_offset(world_.rank);
  put.signal_value = 1;
  put.signal = transport::SignalOp::set;
  const std::int64_t deadline = world_.clock->now_ns() + kLongestNs;
  std::size_t posted = 0;
  while (connections_.links().failures.of(link.peer) == nullptr &&
         link.transport->put({&put, 1}, &posted).code == ErrorCode::no_resources &&
         world_.clock->now_ns() < deadline)
    link.transport->progress();
}

bool Segments::is_over() const {
  for (int rank = 0; rank < world_.ranks; ++rank) {
    const executor::Link& link = world_.links[static_cast<std::size_t>(rank)];
    const bool writes = rank != world_.rank && !link.load_store && !world_.left(rank) &&
                        connections_.links().failures.of(link.peer) == nullptr;
    if (writes) return false;
  }
  return true;
}

}  // namespace weft
