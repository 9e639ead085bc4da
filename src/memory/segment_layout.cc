#include "memory/segment_layout.h"

#include "base/error.h"

#include <algorithm>

namespace weft::memory {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kMaxPacketBytes = std::size_t{256} << 10;  // of one half
constexpr std::size_t kMinLaneBytes = std::size_t{64} << 10;
constexpr std::size_t kMinMailboxBytes = std::size_t{1} << 10;
constexpr std::size_t kMaxMailboxBytes = std::size_t{256} << 10;

std::size_t round_up(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }
std::size_t round_down(std::size_t bytes) { return bytes / kPage * kPage; }

// The least, and an eighth of what a segment has beyond its own least.
std::size_t mailbox_bytes(std::size_t ranks, std::size_t spare_bytes) {
  const std::size_t share = spare_bytes / 8 / ranks / kMinMailboxBytes * kMinMailboxBytes;
  return std::min(kMinMailboxBytes + share, kMaxMailboxBytes);
}

}  // namespace

SegmentLayout make_segment_layout(int ranks, std::size_t bytes, int lanes) {
  SegmentLayout layout;
  layout.lanes = lanes;
  // The hungriest algorithm, a ring, takes two signals for each peer; a dissemination runs beside
  // some.
  layout.slots = 2 * ranks + 64;
  const auto parts = static_cast<std::size_t>(2 * layout.lanes);
  const auto peers = static_cast<std::size_t>(ranks);
  layout.departures = sizeof(Control);
  layout.probes = round_up(layout.departures + sizeof(std::uint64_t) * peers);
  layout.signals = round_up(layout.probes + sizeof(Probe) * peers);
  layout.mailboxes =
      layout.signals + round_up(sizeof(Signal) * parts * static_cast<std::size_t>(layout.slots));
  const std::size_t min_packets = round_up(kCacheLine * static_cast<std::size_t>(layout.slots));
  const std::size_t least = layout.mailboxes + round_up(kMinMailboxBytes * peers) +
                            2 * min_packets + kTrailBytes + parts * kMinLaneBytes;
  if (bytes < least) {
    fail(ErrorCode::invalid_argument,
         "{} bytes of shared memory are too few for {} ranks: WEFT_SHARED_BYTES of at least {}",
         bytes, ranks, least);
  }
  layout.mailbox_bytes = mailbox_bytes(peers, bytes - least);
  layout.packets = layout.mailboxes + round_up(layout.mailbox_bytes * peers);
  layout.packet_bytes = std::clamp(round_down((bytes - layout.packets - kTrailBytes) / 8),
                                   min_packets, std::max(min_packets, kMaxPacketBytes));
  layout.scratch = layout.packets + 2 * layout.packet_bytes + kTrailBytes;
  layout.lane_bytes = round_down((bytes - layout.scratch) / parts);
  layout.total = layout.scratch + parts * layout.lane_bytes;
  return layout;
}

}  // namespace weft::memory
