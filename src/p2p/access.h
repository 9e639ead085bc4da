// One-sided access to peers' memory: what weft::Window promises, whoever exchanged the keys.
#pragma once

#include <weft/window.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "p2p/endpoint.h"

namespace weft::p2p {

// A peer's memory.
struct Remote {
  RemoteSpan span;
  std::size_t bytes = 0;
};

// Throws Error(invalid_argument) where no word can be.
void check_alignment(const char* call, std::size_t offset);

inline transport::SignalOp operation_of(Signal how) {
  return how == Signal::set ? transport::SignalOp::set : transport::SignalOp::add;
}

class Access {
 public:
  // Outlives it.
  explicit Access(Endpoint& endpoint)
      : endpoint_(endpoint), spins_(endpoint.idling().durations.poll_ns > 0) {}
  // Waits, bounded, for what is on its way.
  ~Access() { settle(); }
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  // Puts `bytes` and then changes the word at `signal_offset` (SignalOp::none: no word). Ranges
  // were checked. Waits while a transport has no room. Throws Error(peer_failed), Error(timeout).
  void put(int peer, const Remote& remote, std::size_t offset, const void* source,
           std::size_t bytes, std::size_t signal_offset, std::uint64_t value,
           transport::SignalOp how);
  void get(int peer, const Remote& remote, std::size_t offset, void* destination,
           std::size_t bytes);
  // Until all of it is done. Throws Error(timeout), Error(peer_failed).
  void flush(std::chrono::nanoseconds timeout);
  // Waits, bounded, for what is on its way; a peer that is gone needs none of it. Later completions
  // find their counters, since these are not this object's.
  void settle();
  // A peer was disconnected: nothing is on its way to it any more.
  void abandon(int peer);
  bool idle() const {
    return std::ranges::all_of(used_, [](const Used& used) { return used.left.done(); });
  }
  // Waits for a word of this process's memory. `from`: who changes it; -1: anybody.
  std::uint64_t wait_at_least(const std::byte* word, std::uint64_t value, int from,
                              std::chrono::nanoseconds timeout);

 private:
  struct Used {
    int peer;
    links::Completion left;
  };
  void put_by_transport(int peer, const Remote& remote, std::size_t offset, const void* source,
                        std::size_t bytes, std::size_t signal_offset, std::uint64_t value,
                        transport::SignalOp how);
  const links::Completion& completion(int peer);
  template <typename Post>
  void await_room(const char* call, int peer, const Post& post);

  Endpoint& endpoint_;
  const bool spins_;
  std::vector<Used> used_;  // peers that are not mapped, in the order of their first use
};

}  // namespace weft::p2p
