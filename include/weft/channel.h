/// A channel between two ranks: a ring of slots that one fills and the other reads in place.
#pragma once

#include <weft/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace weft {

struct ChannelOptions {
  std::size_t slot_bytes = std::size_t{64} << 10;  ///< the most that one commit() carries
  int slots = 8;  ///< how many may be on their way or held by the receiver, in each direction
};

/// Both ends send and receive; what is committed arrives once and in order. Made by
/// Communicator::open_channel(); move-only; outlives no communicator. One thread at a time uses an
/// end.
///
/// Waits throw Error(timeout) after their time-out (default: the communicator's) and
/// Error(peer_failed) where the other rank is gone and nothing that it sent is left; the channel
/// stays as it was. Where both ranks map each other's memory an `acquire` hands out what the
/// receiver reads, so that nothing is copied. A slot of up to 48 bytes crosses between two cores in
/// one transfer of a cache line, and an answer that is sent once its request was released travels
/// in the lines of that.
class WEFT_API Channel {
 public:
  Channel();
  Channel(Channel&&) noexcept;
  Channel& operator=(Channel&&) noexcept;
  ~Channel();

  /// The other rank.
  int peer() const;
  std::size_t slot_bytes() const;

  /// A slot to write to, at least 16-byte aligned (64-byte above 48 bytes per slot); the same one
  /// until commit(). Blocks while the receiver holds all slots. What it contains is undefined.
  void* acquire();
  void* acquire(std::chrono::nanoseconds timeout);
  /// The same without blocking: null while there is none.
  void* try_acquire();
  /// Sends the acquired slot's first `bytes`, with a number of the caller's own. Does not wait for
  /// the receiver to take it; waits, up to the default timeout, while a network's queue is full.
  /// Throws Error(invalid_argument) where no slot is acquired or it is smaller, Error(timeout).
  void commit(std::size_t bytes, std::uint32_t label = 0);

  /// A slot that arrived. Its memory is the caller's until release().
  struct Slot {
    const void* data = nullptr;  ///< null: none (try_receive)
    std::size_t bytes = 0;
    std::uint32_t label = 0;
  };
  /// The next slot. Several may be held at once.
  Slot receive();
  Slot receive(std::chrono::nanoseconds timeout);
  /// The same without blocking; Slot::data is null while nothing has arrived.
  Slot try_receive();
  /// Gives back the slot that was received first among those that are held.
  void release();

  struct State;

 private:
  friend class Communicator;
  State& state() const;
  std::unique_ptr<State> state_;
};

}  // namespace weft
