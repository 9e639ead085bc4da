// What point-to-point stands on: a process and the peers it reaches. A communicator has one.
#pragma once

#include <weft/transport.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "links/links.h"

namespace weft::p2p {

// How a peer is reached.
struct Path {
  transport::Transport* transport = nullptr;
  int peer = -1;  // the number that the transport knows it by
  bool load_store = false;
  std::uint64_t max_message = ~std::uint64_t{0};  // bytes of one put
  // The word a mapped peer sleeps on, to be woken after its memory was written; null: not mapped.
  std::atomic<std::uint32_t>* bell = nullptr;
  // From so many bytes on, the kernel's copy of private memory takes less than two through an area.
  std::size_t least_reach = 0;
};

// What its transport says of it.
Path path_over(transport::Transport& transport, int peer);

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

// Used by one thread at a time. Peers go by numbers of its own, as ranks are: Path::peer is what
// transports and links know one by.
class Endpoint {
 public:
  // `links` outlives it.
  explicit Endpoint(links::Links& links) : links_(links) {}
  virtual ~Endpoint() = default;
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  virtual int self() const = 0;
  virtual int peers() const = 0;
  // Constant.
  virtual const Path& path(int peer) const = 0;
  // "rank 3 over shm", for messages.
  virtual std::string describe(int peer) const = 0;
  // Why a peer is gone; null while it is not.
  virtual const std::string* failure(int peer) const = 0;
  // Whether some peer may be gone: spares the question above.
  bool any_lost() const { return lost_ || links_.failures.any(); }

  // Memory of this process that peers may have mapped, and theirs as it is mapped here: null where
  // there are not that many bytes.
  virtual SharedPlace locate(const void* address, std::size_t bytes) const = 0;
  virtual std::byte* mapped(int peer, const SharedPlace& place, std::size_t bytes) const = 0;

  virtual std::chrono::nanoseconds timeout() const = 0;

  // See Links.
  void enter() const { links_.enter(); }

  // What moves messages, pages and transports on while anything here waits.
  void add(Poller* poller) { links_.progress.add(poller); }
  void remove(Poller* poller) { links_.progress.remove(poller); }
  int progress() { return links_.progress.poll(); }
  void look(std::int64_t now_ns) { links_.progress.look(now_ns); }
  void sleep(std::chrono::nanoseconds limit, const std::function<bool()>& ready) {
    links_.progress.sleep(limit, ready);
  }
  const Clock& clock() const { return links_.progress.clock(); }
  Idling& idling() { return links_.progress.idling(); }
  // Counters for puts and gets to a peer.
  links::Completion take_completion(int peer, std::size_t count = 1) {
    return links_.completions.take(path(peer).peer, count);
  }

 protected:
  links::Links& shared_links() const { return links_; }
  // Somebody is gone whom the table of failures does not know.
  void note_loss() { lost_ = true; }

 private:
  links::Links& links_;
  bool lost_ = false;
};

}  // namespace weft::p2p
