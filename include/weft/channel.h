/// A channel between two ranks: a ring of slots that one rank fills and the other reads in place.
#pragma once

#include <weft/export.h>
#include <weft/handle.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weft {

/// The size of a channel. Both ranks must pass the same.
struct ChannelOptions {
  std::size_t slot_bytes = std::size_t{64} << 10;  ///< the most bytes that one commit() carries
  int slots = 8;  ///< slots in each direction: how many may be under way or held by the receiver
};

/// One end of a channel; both ends send and receive. Each commit() arrives once, in order.
/// Communicator::open_channel() makes channels. Move-only. It must end before its communicator. One
/// thread at a time uses an end. Every call of an empty channel throws Error(invalid_argument).
///
/// Blocking calls throw Error(timeout) after their time-out (default: the communicator's) and
/// Error(peer_failed) if the other rank is gone and nothing that it sent is left. Either leaves the
/// channel as it was. If both ranks map each other's memory, acquire() returns the memory that the
/// receiver reads, so that nothing is copied. A slot of up to 48 bytes crosses between two cores in
/// one transfer of a cache line; a reply that is sent after release() of the request travels in the
/// request's cache lines.
class WEFT_API Channel {
 public:
  /// The other rank.
  int peer() const;
  /// ChannelOptions::slot_bytes.
  std::size_t slot_bytes() const;

  /// Returns a slot to write to, aligned to 16 bytes (to 64 if slots have more than 48 bytes); the
  /// same one until commit(). Its content is undefined. Blocks while the receiver holds all slots.
  void* acquire();
  void* acquire(std::chrono::nanoseconds timeout);
  /// The same without blocking: null if no slot is free.
  void* try_acquire();
  /// Sends the first `bytes` bytes of the acquired slot, with a number of the caller's choice. Does
  /// not wait for the receiver to take them; blocks while a network's queue is full, until the
  /// default time-out. Throws Error(invalid_argument) if no slot is acquired or if it is smaller,
  /// Error(timeout), Error(peer_failed).
  void commit(std::size_t bytes, std::uint32_t label = 0);

  /// A slot that arrived. Its memory belongs to the caller until release().
  struct Slot {
    const void* data = nullptr;  ///< null: nothing has arrived (try_receive() only)
    std::size_t bytes = 0;
    std::uint32_t label = 0;  ///< what the sender passed to commit()
  };
  /// Returns the next slot; blocks until it arrives. The caller may hold several slots.
  Slot receive();
  Slot receive(std::chrono::nanoseconds timeout);
  /// The same without blocking: Slot::data is null if nothing has arrived.
  Slot try_receive();
  /// Gives back the oldest slot that the caller holds. Does not block.
  void release();

  struct State;

 private:
  friend class Communicator;
  State& state() const;
  State& entered() const;
  detail::Handle<State> state_;
};

}  // namespace weft
