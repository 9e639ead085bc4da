// The slow path of a wait: deadlines, dead peers, peers that gave up, peers that called something
// else.
#include <algorithm>

#include "base/error.h"
#include "executor/executor.h"
#include "executor/lane.h"

namespace weft::executor {
namespace {

constexpr std::int64_t kPollTransportsNs = 2'000'000;
constexpr std::int64_t kCompareCallsNs = 1'000'000;

// What a rank whose pad is mapped published; sequence 0: nothing yet, or it is just changing it.
struct PeerCall {
  std::uint64_t sequence;
  Call call;
};

PeerCall peer_call(const Link& link) {
  const memory::Status& status = reinterpret_cast<const memory::Control*>(link.pad)->status;
  const std::uint64_t before = status.sequence.load(std::memory_order_acquire);
  const std::uint64_t call = status.call.load(std::memory_order_acquire);
  const std::uint64_t count = status.count.load(std::memory_order_acquire);
  const std::uint64_t parts = status.parts.load(std::memory_order_acquire);
  const bool whole = status.sequence.load(std::memory_order_relaxed) == before;
  return {whole ? before : 0, Call::unpack(call, count, parts)};
}

}  // namespace

void Executor::peer_failed(int peer, const std::string& cause) {
  if (peer >= 0) {
    failed_peers_.emplace(peer, cause);
    return;
  }
  for (int rank = 0; rank < world_.ranks; ++rank) {
    if (rank != world_.rank) failed_peers_.emplace(rank, cause);
  }
}

const std::string* Executor::failure_of(int peer) const {
  const auto failed = failed_peers_.find(peer);
  return failed == failed_peers_.end() ? nullptr : &failed->second;
}

int Executor::awaited_peer(const Operation& operation) const {
  for (int i = 0; i < operation.lane_count; ++i) {
    const LaneState& lane = operation.lanes[static_cast<std::size_t>(i)];
    if (lane.passes_left > 0 && lane.next->kind == StepKind::wait) return lane.next->peer;
  }
  return -1;
}

// So that a peer's error message can say whom this rank waits for in turn.
void Executor::tell_awaited() {
  const auto peer = static_cast<std::uint64_t>(awaited_peer(*head_) + 1);
  control().status.awaited.store(head_->sequence << memory::kRankBits | peer,
                                 std::memory_order_relaxed);
}

// Whom a peer waits for in the call that this rank is in; -1: unknown.
int Executor::awaited_by(int peer) const {
  const Link& link = world_.links[static_cast<std::size_t>(peer)];
  if (link.pad == nullptr) return -1;
  const std::uint64_t awaited =
      reinterpret_cast<const memory::Control*>(link.pad)->status.awaited.load(
          std::memory_order_relaxed);
  if (awaited >> memory::kRankBits != head_->sequence) return -1;
  return static_cast<int>(awaited & ((std::uint64_t{1} << memory::kRankBits) - 1)) - 1;
}

// ", which waits for rank 2": from an awaited peer to the one that waits for nobody, as far as this
// rank can see.
std::string Executor::chain_from(int peer, int* last) const {
  std::string text;
  constexpr int kLongest = 8;
  *last = peer;
  for (int i = 0; i < kLongest; ++i) {
    const int next = awaited_by(*last);
    if (next < 0 || next == world_.rank || next == peer) break;
    text += fmt::format(", which waits for rank {}", next);
    *last = next;
  }
  return text;
}

std::string Executor::story(const Operation& operation) const {
  return fmt::format("rank {} of {}, #{} {}", world_.rank, world_.ranks, operation.sequence,
                     operation.launch.call.describe());
}

std::string Executor::what_peer_does(int peer) const {
  const Link& link = world_.links[static_cast<std::size_t>(peer)];
  if (link.pad == nullptr) return fmt::format("rank {} over {}", peer, link.transport_name);
  const PeerCall theirs = peer_call(link);
  if (theirs.sequence == 0)
    return fmt::format("rank {} over {}, between two calls", peer, link.transport_name);
  return fmt::format("rank {} over {}, whose last call is #{} {}", peer, link.transport_name,
                     theirs.sequence, theirs.call.describe());
}

void Executor::give_up(ErrorCode code, const std::string& message, int blamed) {
  poison_code_ = code;
  poison_message_ = message;
  head_ = tail_ = nullptr;
  // Tell the others, so that they need not wait for their own deadlines.
  for (const Link& link : world_.links) {
    if (link.pad == nullptr || link.pad == world_.pad) continue;
    reinterpret_cast<memory::Control*>(link.pad)->poison.store(
        static_cast<std::uint64_t>(blamed + 1) << 32 | static_cast<std::uint64_t>(world_.rank + 1),
        std::memory_order_relaxed);
  }
  throw Error(code, message);
}

void Executor::poll_transports(std::int64_t now_ns) {
  if (now_ns - looked_ns_ < kPollTransportsNs) return;
  looked_ns_ = now_ns;
  for (transport::Transport* transport : world_.transports) transport->progress();
}

// A peer that failed matters once nothing that it sent before is left to take.
void Executor::check_failures(Operation* operation) {
  if (failed_peers_.empty()) return;
  const auto failed = failed_peers_.find(awaited_peer(*head_));
  if (failed == failed_peers_.end() || progress() > 0 || !operation->queued) return;
  give_up(ErrorCode::peer_failed,
          fmt::format("{}: rank {} failed over {}: {}", story(*head_), failed->first,
                      world_.links[static_cast<std::size_t>(failed->first)].transport_name,
                      failed->second),
          failed->first);
}

void Executor::check_poison(Operation* operation) {
  const std::uint64_t poison = control().poison.load(std::memory_order_relaxed);
  if (poison == 0 || progress() > 0 || !operation->queued) return;
  const int teller = static_cast<int>(poison & 0xFFFFFFFFu) - 1;
  const int blamed = static_cast<int>(poison >> 32) - 1;
  const std::string whom =
      blamed >= 0 ? fmt::format("because of rank {}", blamed) : std::string("after an error");
  give_up(ErrorCode::peer_failed,
          fmt::format("{}: rank {} gave up {}", story(*head_), teller, whom), blamed);
}

// The awaited peer is in the operation of the same number, but called something else.
void Executor::check_mismatch(Operation* operation) {
  const int peer = awaited_peer(*head_);
  if (peer < 0) return;
  const Link& link = world_.links[static_cast<std::size_t>(peer)];
  if (link.pad == nullptr) return;
  const PeerCall theirs = peer_call(link);
  const Call& ours = head_->launch.call;
  if (theirs.sequence != head_->sequence || theirs.call == ours) return;
  const PeerCall again = peer_call(link);
  if (again.sequence != theirs.sequence || progress() > 0 || !operation->queued) return;
  give_up(ErrorCode::mismatch,
          fmt::format("call #{} differs: rank {} called {}, rank {} called {}", theirs.sequence,
                      world_.rank, ours.describe(), peer, theirs.call.describe()),
          -1);
}

void Executor::look_around(Operation* operation, std::int64_t started_ns, std::int64_t now_ns,
                           std::chrono::nanoseconds timeout) {
  poll_transports(now_ns);
  check_failures(operation);
  if (!operation->queued) return;
  check_poison(operation);
  if (!operation->queued) return;
  const std::int64_t waited = now_ns - started_ns;
  if (waited > kCompareCallsNs) {
    tell_awaited();
    check_mismatch(operation);
  }
  if (!operation->queued || waited < timeout.count()) return;
  const int peer = awaited_peer(*head_);
  const double seconds = static_cast<double>(waited) / 1e9;
  if (peer < 0) {
    give_up(ErrorCode::timeout,
            fmt::format("{}: waited {:.3g} s for puts to complete", story(*head_), seconds), -1);
  }
  int last = peer;
  const std::string chain = chain_from(peer, &last);
  give_up(ErrorCode::timeout,
          fmt::format("{}: waited {:.3g} s for {}{}", story(*head_), seconds, what_peer_does(peer),
                      chain),
          last);
}

}  // namespace weft::executor
