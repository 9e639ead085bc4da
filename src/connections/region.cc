#include "connections/region.h"

#include <algorithm>

#include "base/blob.h"
#include "base/error.h"
#include "base/verdict.h"
#include "connections/connections.h"

namespace weft {
namespace {

// What every one of them said first.
void check_verdicts(const char* call, const std::vector<Blob>& all) {
  std::vector<Verdict> verdicts;
  verdicts.reserve(all.size());
  for (const Blob& blob : all) verdicts.push_back(BlobReader(blob).get<Verdict>());
  check_all(call, verdicts);
}

Blob blob_of(const Verdict& verdict) {
  BlobWriter writer;
  writer.put(verdict);
  return writer.blob();
}

}  // namespace

Region::Region(const Connections& connections, const Wish& wish, const Gather& gather)
    : connections_(connections),
      imported_(wish.members.size()),
      importers_(wish.members.size()),
      bytes_(wish.members.size()) {
  try {
    const std::vector<Blob> offers = gather(offer(wish));
    check_verdicts(wish.call, offers);
    // Nobody goes on before all have mapped its part.
    const Verdict imported = verdict_of([&] { import(wish, offers); });
    check_verdicts(wish.call, gather(blob_of(imported)));
  } catch (...) {
    release_imported();
    throw;
  }
}

// Those over which members are reached, the one that allocates first.
std::vector<const OpenTransport*> Region::transports(const Wish& wish) const {
  const auto wanted = [&](const OpenTransport& open) {
    if (wish.reach == Reach::mapped && !open.transport->capabilities().load_store) return false;
    return std::ranges::any_of(wish.members, [&](const Member& member) {
      return connections_.way(member.peer).transport == open.transport;
    });
  };
  std::vector<const OpenTransport*> used;
  for (const OpenTransport& open : connections_.transports().all()) {
    if (wanted(open)) used.push_back(&open);
  }
  std::stable_partition(used.begin(), used.end(), [](const OpenTransport* open) {
    return open->transport->capabilities().load_store;
  });
  return used;
}

void Region::make(const Wish& wish) {
  const std::size_t bytes = std::max<std::size_t>(wish.bytes, 1);
  for (const OpenTransport* open : transports(wish)) {
    transport::LocalMemory memory;
    const transport::Status status = own_->memory.empty()
                                         ? open->transport->allocate(bytes, &memory)
                                         : open->transport->register_memory(data(), bytes, &memory);
    if (!status.ok()) {
      fail(status.code, "no memory for {} bytes{}: {}", wish.bytes,
           own_->memory.empty() ? "" : " that " + open->name + " reaches", status.message);
    }
    own_->memory.emplace_back(open, memory);
  }
}

// A process without memory takes part all the same, so that the others learn of it.
Blob Region::offer(const Wish& wish) {
  BlobWriter mine;
  mine.put(verdict_of([&] { make(wish); }));
  mine.put(static_cast<std::uint64_t>(wish.bytes));
  mine.put(static_cast<std::uint32_t>(own_->memory.size()));
  for (const auto& [open, memory] : own_->memory) {
    mine.put_text(open->name);
    mine.put(memory.key);
  }
  return mine.blob();
}

void Region::import(const Wish& wish, const std::vector<Blob>& offers) {
  for (std::size_t member = 0; member < wish.members.size(); ++member)
    import(member, wish, offers[wish.members[member].place]);
}

void Region::import(std::size_t member, const Wish& wish, const Blob& offer) {
  const int peer = wish.members[member].peer;
  const Way& way = connections_.way(peer);
  BlobReader reader(offer);
  reader.get<Verdict>();
  bytes_[member] = reader.get<std::uint64_t>();
  if (wish.reach == Reach::mapped && !way.load_store) return;
  for (auto left = reader.get<std::uint32_t>(); left > 0; --left) {
    const std::string name = reader.get_text();
    const auto key = reader.get<transport::MemoryKey>();
    if (name != way.transport_name) continue;
    const transport::Status status = way.transport->import_memory(peer, key, &imported_[member]);
    if (!status.ok()) {
      imported_[member].peer = -1;
      fail(status.code, "memory of rank {}: {}", member, status.message);
    }
    importers_[member] = way.transport;
    return;
  }
  fail(ErrorCode::unsupported, "rank {} has no memory for {}", member, way.transport_name);
}

void Region::release_imported() {
  for (std::size_t member = 0; member < imported_.size(); ++member) {
    if (importers_[member] != nullptr) importers_[member]->release(imported_[member]);
  }
}

Region::~Region() { release_imported(); }

Region::Own::~Own() {
  for (; !memory.empty(); memory.pop_back())
    memory.back().first->transport->release(memory.back().second);
}

}  // namespace weft
