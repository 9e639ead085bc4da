// The segment: the memory of a rank that its peers write to. Every rank lays it out alike.
//
//   control | departures [rank] | probes [rank] | signals [lane][parity][slot] | mailboxes [rank] |
//   packets [half] | trail | scratch [lane][half]
//
// "parity" is the number of a pass that does not trail, modulo two: such a pass and the next one
// use different signals (see schedule/schedule.h). Slots are in the packets or the scratch, where
// executor::Staging says, or where passes trail, in the packets behind both halves.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/cpu.h"

namespace weft::memory {

// What a rank is doing, for its peers' error messages. Written when an operation begins; read when
// one waits for long.
struct alignas(kCacheLine) Status {
  std::atomic<std::uint64_t> sequence;
  std::atomic<std::uint64_t> call;  // packed by the executor
  std::atomic<std::uint64_t> count;
  std::atomic<std::uint64_t> parts;
  // Of whom it waits for, once that takes long: the call's sequence and 1 + the rank.
  std::atomic<std::uint64_t> awaited;
};

inline constexpr int kRankBits = 24;  // of Status::awaited

// First bytes of a segment. Each member has a cache line of its own.
struct Control {
  Status status;
  alignas(kCacheLine) std::atomic<std::uint64_t> poison;  // a peer gave up: 1 + the rank it blames
};

using Note = std::array<std::uint64_t, 7>;

// A signal: the epoch that was raised last, one writer in a pass, alone in its line with what the
// writer may say beside it.
struct alignas(kCacheLine) Signal {
  std::atomic<std::uint64_t> value;
  Note note;
};

// A word that a peer changes now and then, so that the time of a line from its core can be
// measured. Nothing that is read or written at about the same time lies near it: a prefetcher would
// learn to bring it along.
struct alignas(2 * kCacheLine) Probe {
  std::atomic<std::uint64_t> value;
};

struct SegmentLayout {
  int lanes = 0;
  int slots = 0;               // signals per lane and parity
  std::size_t departures = 0;  // offsets
  std::size_t probes = 0;
  std::size_t signals = 0;
  std::size_t mailboxes = 0;
  std::size_t packets = 0;
  std::size_t scratch = 0;
  std::size_t mailbox_bytes = 0;  // of one peer
  std::size_t packet_bytes = 0;   // of one half
  std::size_t lane_bytes = 0;     // of one lane and half
  std::size_t total = 0;

  // A word that is not 0 once that rank has left the communicator: the last that it writes here.
  std::size_t departure_offset(int rank) const {
    return departures + sizeof(std::uint64_t) * static_cast<std::size_t>(rank);
  }
  // What that rank changes.
  std::size_t probe_offset(int rank) const {
    return probes + sizeof(Probe) * static_cast<std::size_t>(rank);
  }
  std::size_t signal_offset(int lane, int parity, int slot) const {
    return signals + sizeof(Signal) * static_cast<std::size_t>((lane * 2 + parity) * slots + slot);
  }
  // Where messages from a rank arrive.
  std::size_t mailbox_offset(int rank) const {
    return mailboxes + mailbox_bytes * static_cast<std::size_t>(rank);
  }
  std::size_t scratch_offset(int lane) const {
    return scratch + 2 * lane_bytes * static_cast<std::size_t>(lane);
  }
  friend bool operator==(const SegmentLayout&, const SegmentLayout&) = default;
};

inline constexpr int kLanes = 2;
inline constexpr std::size_t kTrailBytes = std::size_t{36} << 10;

inline std::atomic<std::uint64_t>& departure(std::byte* segment, const SegmentLayout& layout,
                                             int rank) {
  return *reinterpret_cast<std::atomic<std::uint64_t>*>(segment + layout.departure_offset(rank));
}

inline Probe& probe(std::byte* segment, const SegmentLayout& layout, int rank) {
  return *reinterpret_cast<Probe*>(segment + layout.probe_offset(rank));
}

// The layout for that many ranks in at most `bytes`, with 1 to kLanes lanes. Throws
// Error(invalid_argument) with the least number of bytes that would do.
SegmentLayout make_segment_layout(int ranks, std::size_t bytes, int lanes = kLanes);

}  // namespace weft::memory
