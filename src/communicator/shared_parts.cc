#include "communicator/shared_parts.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "communicator/agreement.h"
#include "communicator/closed_memory.h"

namespace weft {

// What a rank tells the others of its part. Plain bytes.
struct PartOffer {
  static constexpr std::size_t kKeys = 4;  // transports that one rank is reached over
  struct Named {
    char transport[24] = {};
    transport::MemoryKey key;
  };
  std::uint64_t bytes = 0;
  std::array<Named, kKeys> keys;
  Verdict verdict;  // why it has none
};

SharedParts::SharedParts(Communicator::Impl& owner, const char* call, std::size_t bytes)
    : communicator_(owner),
      bytes_(bytes),
      imported_(static_cast<std::size_t>(owner.ranks())),
      parts_(static_cast<std::size_t>(owner.ranks())) {
  // A rank without memory takes part all the same, so that the others learn of it.
  const PartOffer mine = offer();
  std::vector<PartOffer> all(parts_.size());
  try {
    owner.gather(&mine, all.data(), sizeof(PartOffer));
    std::vector<Verdict> verdicts;
    for (const PartOffer& theirs : all) verdicts.push_back(theirs.verdict);
    check_all(call, verdicts);
    // Nobody leaves before all have mapped its part.
    together(owner, call, [&] {
      for (int rank = 0; rank < owner.ranks(); ++rank)
        import(rank, all[static_cast<std::size_t>(rank)]);
    });
  } catch (...) {
    release_imported();
    throw;
  }
  ClosedMemory& closed = *owner.closed_memory;
  closed.sweep();
  for (int rank = 0; rank < owner.ranks(); ++rank) numbers_.push_back(closed.next_number(rank));
}

// Allocates by the transport that this rank reaches itself over, and registers with the others.
PartOffer SharedParts::offer() {
  const executor::World& world = communicator_.world();
  const executor::Link& self = world.links[static_cast<std::size_t>(world.rank)];
  PartOffer offer;
  std::size_t keys = 0;
  const auto add = [&](transport::Transport* transport, const std::string& name) {
    const bool known = std::ranges::any_of(
        own_->memory, [&](const auto& entry) { return entry.first == transport; });
    if (known || !offer.verdict.ok() || keys == PartOffer::kKeys) return;
    transport::LocalMemory memory;
    const transport::Status status =
        own_->memory.empty() ? transport->allocate(std::max<std::size_t>(bytes_, 1), &memory)
                             : transport->register_memory(own_->data(), bytes_, &memory);
    if (!status.ok()) {
      offer.verdict = Verdict::of(
          status.code, fmt::format("no memory for {} bytes: {}", bytes_, status.message));
      return;
    }
    own_->memory.emplace_back(transport, memory);
    name.copy(offer.keys[keys].transport, sizeof(offer.keys[keys].transport) - 1);
    offer.keys[keys++].key = memory.key;
  };
  add(self.transport, self.transport_name);
  for (const executor::Link& link : world.links) add(link.transport, link.transport_name);
  offer.bytes = bytes_;
  return offer;
}

void SharedParts::import(int rank, const PartOffer& offer) {
  const executor::Link& link = communicator_.world().links[static_cast<std::size_t>(rank)];
  const auto found = std::ranges::find_if(
      offer.keys, [&](const auto& named) { return link.transport_name == named.transport; });
  if (found == offer.keys.end())
    fail(ErrorCode::unsupported, "rank {} has no memory for {}", rank, link.transport_name);
  transport::RemoteMemory& memory = imported_[static_cast<std::size_t>(rank)];
  const transport::Status status = link.transport->import_memory(link.peer, found->key, &memory);
  if (!status.ok()) {
    memory.peer = -1;
    fail(status.code, "memory of rank {}: {}", rank, status.message);
  }
  parts_[static_cast<std::size_t>(rank)] = {p2p::span_of(memory), offer.bytes};
}

void SharedParts::release_imported() {
  for (const transport::RemoteMemory& memory : imported_) {
    if (memory.peer < 0) continue;
    const auto rank = static_cast<std::size_t>(&memory - imported_.data());
    communicator_.world().links[rank].transport->release(memory);
  }
}

SharedParts::~SharedParts() {
  release_imported();
  for (int rank = 0; rank < communicator_.ranks(); ++rank) {
    if (rank == communicator_.rank()) continue;
    communicator_.closed_memory->add(rank, numbers_[static_cast<std::size_t>(rank)], own_);
  }
}

SharedParts::Own::~Own() {
  for (; !memory.empty(); memory.pop_back()) memory.back().first->release(memory.back().second);
}

}  // namespace weft
