// What point-to-point stands on: a process and the peers it reaches. A communicator has one.
#pragma once

#include <weft/transport.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/patience.h"

namespace weft::p2p {

// How a peer is reached.
struct Path {
  transport::Transport* transport = nullptr;
  bool load_store = false;
  std::uint64_t max_message = ~std::uint64_t{0};  // bytes of one put
  // The word a mapped peer sleeps on, to be woken after its memory was written; null: not mapped.
  std::atomic<std::uint32_t>* sleeping = nullptr;
  // From so many bytes on, the kernel's copy of private memory takes less than two through an area.
  std::size_t least_reach = 0;
};

// What its transport says of it.
Path path_over(transport::Transport& transport);

// A place in a peer's memory.
struct RemoteSpan {
  const transport::RemoteMemory* memory = nullptr;  // outlives the span
  std::uint64_t offset = 0;
  std::byte* mapped = nullptr;  // null: reached by puts

  RemoteSpan operator+(std::uint64_t bytes) const {
    return {memory, offset + bytes, mapped == nullptr ? nullptr : mapped + bytes};
  }
};

// All of a peer's memory.
inline RemoteSpan span_of(const transport::RemoteMemory& memory) {
  return {&memory, 0, static_cast<std::byte*>(memory.mapped)};
}

// A place inside memory that peers may have mapped. Plain bytes; travels in messages.
struct SharedPlace {
  std::uint64_t id = 0;  // 0: none
  std::uint64_t offset = 0;
};

// Used by one thread at a time. Peers are numbered as the transports number them.
class Endpoint {
 public:
  virtual ~Endpoint() = default;

  virtual int self() const = 0;
  virtual int peers() const = 0;
  // Constant.
  virtual const Path& path(int peer) const = 0;
  // "rank 3 over shm", for messages.
  virtual std::string describe(int peer) const = 0;
  // Why a peer is gone; null while it is not.
  virtual const std::string* failure(int peer) const = 0;
  // Whether some peer is gone: spares the question above.
  bool any_lost() const { return any_lost_; }
  void note_loss() { any_lost_ = true; }

  // Memory of this process that peers may have mapped, and theirs as it is mapped here: null where
  // there are not that many bytes.
  virtual SharedPlace locate(const void* address, std::size_t bytes) const = 0;
  virtual std::byte* mapped(int peer, const SharedPlace& place, std::size_t bytes) const = 0;

  // Moves on transports and whatever else this process has under way. Returns how many things
  // moved.
  virtual int progress() = 0;
  // The same for what is looked at now and then: whether mapped peers still live.
  virtual void look(std::int64_t now_ns) = 0;
  // Sleeps until a peer writes or a transport has something, at most `limit`; not at all where
  // `ready` says so once everybody would wake this process. May return early.
  virtual void sleep(std::chrono::nanoseconds limit, const std::function<bool()>& ready) = 0;

  virtual const Clock& clock() const = 0;
  virtual const PatienceLimits& patience() const = 0;
  virtual std::chrono::nanoseconds timeout() const = 0;

 private:
  bool any_lost_ = false;
};

}  // namespace weft::p2p
