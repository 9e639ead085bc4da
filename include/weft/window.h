/// Memory that other ranks write, read and signal without the owner taking part.
#pragma once

#include <weft/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace weft {

/// How a signal changes its word.
enum class Signal : std::uint8_t { set, add };

/// One memory of equal or different size at every rank of a communicator, reached by puts and gets.
/// Made by Communicator::open_window(); move-only; outlives no communicator. One thread at a time
/// uses it. No rank may access another's part after that rank has destroyed its window: end with a
/// barrier.
///
/// Offsets are bytes into the memory of the rank that is named. A signal's word is any 8-byte
/// aligned place there that only signals write; whoever sees it changed sees the bytes of its put,
/// and of all earlier puts from that rank to that rank. Words that several ranks add to are atomic
/// counters. Puts and signals to one rank take effect in the order they were made.
///
/// All of it throws Error(invalid_argument) for a range outside the memory (nothing is written
/// then) and Error(peer_failed) where the rank is gone. Puts and gets wait while a network's queue
/// is full: Error(timeout) after the default timeout.
class WEFT_API Window {
 public:
  Window();
  Window(Window&&) noexcept;
  Window& operator=(Window&&) noexcept;
  ~Window();

  /// This rank's own memory.
  void* data() const;
  std::size_t bytes() const;
  /// Of a rank's memory.
  std::size_t bytes(int rank) const;

  /// Where a rank's memory is mapped here, for loads and stores; null where it is not.
  void* mapped(int rank) const;

  /// Writes into a rank's memory. Does not wait for the wire: `source` must stay as it is until
  /// flush().
  void put(int rank, std::size_t offset, const void* source, std::size_t bytes);
  /// The same, and then changes the word at `signal_offset` there. Up to 56 bytes whose word
  /// follows in the same cache line arrive in one transfer of that line.
  void put_signal(int rank, std::size_t offset, const void* source, std::size_t bytes,
                  std::size_t signal_offset, std::uint64_t value, Signal how = Signal::set);
  /// Changes a word alone.
  void signal(int rank, std::size_t signal_offset, std::uint64_t value, Signal how = Signal::set);
  /// Reads from a rank's memory; `destination` is complete after flush().
  void get(int rank, std::size_t offset, void* destination, std::size_t bytes);
  /// Blocks until all puts have left their sources and all gets are complete.
  void flush();

  /// A word of this rank's own memory.
  std::uint64_t value(std::size_t signal_offset) const;
  /// Sets a word of this rank's own memory, between uses.
  void reset(std::size_t signal_offset, std::uint64_t value = 0);
  /// Blocks until a word of this rank's own memory is at least `value`; returns it. Throws
  /// Error(timeout), and Error(peer_failed) once some rank is gone that this one was to hear from:
  /// `from`, or with -1 any.
  std::uint64_t wait_at_least(std::size_t signal_offset, std::uint64_t value, int from = -1);
  std::uint64_t wait_at_least(std::size_t signal_offset, std::uint64_t value, int from,
                              std::chrono::nanoseconds timeout);

  struct State;

 private:
  friend class Communicator;
  State& state() const;
  std::unique_ptr<State> state_;
};

}  // namespace weft
