/// Memory that other ranks write, read and signal without the owner taking part.
#pragma once

#include <weft/export.h>
#include <weft/handle.h>
#include <weft/signal.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weft {

/// Memory at every rank of a communicator, of sizes that may differ, which all ranks reach by puts
/// and gets. Communicator::open_window() makes windows. Move-only. It must end before its
/// communicator. One thread at a time uses it. Every call of an empty window throws
/// Error(invalid_argument).
///
/// Offsets are bytes into the memory of the rank that the call names. Any 8-byte aligned place that
/// only signals write may serve as a signal's word. A rank that sees the word changed also sees the
/// bytes of that put, and of all earlier puts from the same sender to it. Words that several ranks
/// add to are atomic counters. Puts and signals to one rank take effect in the order in which they
/// were made.
///
/// Calls throw Error(invalid_argument) for a range outside the memory (nothing is written then) and
/// Error(peer_failed) if the rank is gone. Puts and gets block while a network's queue is full, and
/// throw Error(timeout) after the default time-out.
class WEFT_API Window {
 public:
  /// This rank's own memory, and its size in bytes.
  void* data() const;
  std::size_t bytes() const;
  /// The size in bytes of a rank's memory.
  std::size_t bytes(int rank) const;

  /// The address at which a rank's memory is mapped into this process, for loads and stores; null
  /// if it is not mapped.
  void* mapped(int rank) const;

  /// Writes `bytes` bytes into a rank's memory. Does not wait for their arrival: `source` must stay
  /// unchanged until flush() returns.
  void put(int rank, std::size_t offset, const void* source, std::size_t bytes);
  /// The same, and then changes the word at `signal_offset` there. Up to 56 bytes whose word
  /// follows in the same cache line arrive in one transfer of that line.
  void put_signal(int rank, std::size_t offset, const void* source, std::size_t bytes,
                  std::size_t signal_offset, std::uint64_t value, Signal how = Signal::set);
  /// Changes a word without writing bytes.
  void signal(int rank, std::size_t signal_offset, std::uint64_t value, Signal how = Signal::set);
  /// Reads `bytes` bytes from a rank's memory; `destination` is complete after flush().
  void get(int rank, std::size_t offset, void* destination, std::size_t bytes);
  /// Blocks until the sources of all puts may be reused and all gets are complete. Throws
  /// Error(timeout), Error(peer_failed).
  void flush();

  /// The value of a word in this rank's own memory. Does not block.
  std::uint64_t value(std::size_t signal_offset) const;
  /// Sets a word in this rank's own memory, at a time when no peer signals it.
  void reset(std::size_t signal_offset, std::uint64_t value = 0);
  /// Blocks until a word in this rank's own memory is at least `value`, and returns it. Throws
  /// Error(timeout) after `timeout` (default: the communicator's), and Error(peer_failed) if rank
  /// `from` (-1: any rank) is gone.
  std::uint64_t wait_at_least(std::size_t signal_offset, std::uint64_t value, int from = -1);
  std::uint64_t wait_at_least(std::size_t signal_offset, std::uint64_t value, int from,
                              std::chrono::nanoseconds timeout);

  struct State;

 private:
  friend class Communicator;
  State& state() const;
  detail::Handle<State> state_;
};

}  // namespace weft
