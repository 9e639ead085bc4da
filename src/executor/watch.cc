// The slow path of a wait: deadlines, dead peers, peers that gave up, peers that called something
// else.
#include <algorithm>
#include <cstddef>
#include <span>

#include "base/error.h"
#include "base/futex.h"
#include "executor/executor.h"
#include "executor/lane.h"

namespace weft::executor {
namespace {

constexpr std::int64_t kCompareCallsNs = 1'000'000;

// What a rank whose segment is mapped published; sequence 0: nothing yet, or it is just changing
// it.
struct PeerCall {
  std::uint64_t sequence;
  Call call;
};

PeerCall peer_call(const Link& link) {
  const memory::Status& status = reinterpret_cast<const memory::Control*>(link.segment)->status;
  const std::uint64_t before = status.sequence.load(std::memory_order_acquire);
  const std::uint64_t call = status.call.load(std::memory_order_acquire);
  const std::uint64_t count = status.count.load(std::memory_order_acquire);
  const std::uint64_t parts = status.parts.load(std::memory_order_acquire);
  const bool whole = status.sequence.load(std::memory_order_relaxed) == before;
  return {whole ? before : 0, Call::unpack(call, count, parts)};
}

}  // namespace

int Executor::awaited_peer(const Operation& operation) const {
  for (int i = 0; i < operation.lane_count; ++i) {
    const LaneState& lane = operation.lanes[static_cast<std::size_t>(i)];
    if (lane.passes_left == 0) continue;
    if (const int rank = awaited_rank(operation, lane); rank >= 0) return rank;
  }
  return outbox_.busy().empty() ? -1 : outbox_.busy().front();
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
  if (link.segment == nullptr) return -1;
  const std::uint64_t awaited = reinterpret_cast<const memory::Control*>(link.segment)
                                    ->status.awaited.load(std::memory_order_relaxed);
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
  if (link.segment == nullptr) return fmt::format("rank {} over {}", peer, link.transport_name);
  const PeerCall theirs = peer_call(link);
  if (theirs.sequence == 0)
    return fmt::format("rank {} over {}, between two calls", peer, link.transport_name);
  return fmt::format("rank {} over {}, whose last call is #{} {}", peer, link.transport_name,
                     theirs.sequence, theirs.call.describe());
}

// Nobody's memory is read or written for these operations afterwards.
void Executor::end_all(ErrorCode code, const std::string& message) {
  const std::exception_ptr error = std::make_exception_ptr(Error(code, message));
  for (Operation* operation = head_; operation != nullptr; operation = operation->after) {
    operation->error = error;
    operation->queued = false;
  }
  head_ = tail_ = nullptr;
  active = 0;
}

void Executor::give_up(ErrorCode code, const std::string& message, int blamed) {
  if (poisoned()) return;
  poison_code_ = code;
  poison_message_ = message;
  cut_off_unfinished(message);
  tell_poisoned(blamed);
  end_all(code, message);
}

// Tells the others, so that they need not wait for their own deadlines: mapped ones by a store,
// others by a put if there is room for it. Whoever is not told learns it at its own deadline, or
// when it is cut off.
void Executor::tell_poisoned(int blamed) {
  const std::uint64_t poison =
      static_cast<std::uint64_t>(blamed + 1) << 32 | static_cast<std::uint64_t>(world_.rank + 1);
  for (int rank = 0; rank < world_.ranks; ++rank) {
    const Link& link = world_.links[static_cast<std::size_t>(rank)];
    if (rank == world_.rank || absence_.of(rank) != nullptr) continue;
    if (link.segment != nullptr) {
      reinterpret_cast<memory::Control*>(link.segment)
          ->poison.store(poison, std::memory_order_relaxed);
      futex_wake(link.bell);
      continue;
    }
    if (link.transport == nullptr) continue;
    transport::Put put;
    put.signal_memory = &link.segment_memory;
    put.signal_offset = offsetof(memory::Control, poison);
    put.signal_value = poison;
    put.signal = transport::SignalOp::set;
    std::size_t posted = 0;
    (void)link.transport->put({&put, 1}, &posted);
  }
}

// What is on its way reads memory that is its owner's again once the operations have ended, so it
// gets a last chance to leave, and then the connection is closed.
void Executor::cut_off_unfinished(const std::string& cause) {
  constexpr std::int64_t kLastChanceNs = 100'000'000;
  const Clock& clock = links_.progress.clock();
  const std::int64_t deadline = clock.now_ns() + kLastChanceNs;
  while (!outbox_.drained() && clock.now_ns() < deadline) links_.progress.poll_transports();
  const std::vector<int> busy = outbox_.busy();
  for (const int rank : busy) {
    const Link& link = world_.links[static_cast<std::size_t>(rank)];
    links_.disconnect(*link.transport, link.peer);
    links_.failures.note(link.peer,
                         fmt::format("what was on its way to it did not arrive: {}", cause));
    outbox_.abandon(rank);
  }
}

// An absent rank that the head waits for: for what it sends, for room to send to it, or for what
// was sent to it; -1: none.
int Executor::absent_peer() {
  for (int i = 0; i < head_->lane_count; ++i) {
    const LaneState& lane = head_->lanes[static_cast<std::size_t>(i)];
    if (lane.passes_left == 0) continue;
    const int rank = awaited_rank(*head_, lane);
    if (rank >= 0 && absence_.of(rank) != nullptr) return rank;
  }
  if (outbox_.drained()) return -1;
  const auto absent = std::ranges::find_if(
      outbox_.busy(), [this](int rank) { return absence_.of(rank) != nullptr; });
  return absent == outbox_.busy().end() ? -1 : *absent;
}

// An absent peer matters once nothing that it sent before is left to take.
void Executor::check_failures(Operation* operation) {
  if (!absence_.any()) return;
  const int absent = absent_peer();
  if (absent < 0 || turn() > 0 || !operation->queued) return;
  const std::string& cause = *absence_.of(absent);
  give_up(ErrorCode::peer_failed,
          fmt::format("{}: rank {} failed over {}: {}", story(*head_), absent,
                      world_.links[static_cast<std::size_t>(absent)].transport_name, cause),
          absent);
}

void Executor::check_poison(Operation* operation) {
  const std::uint64_t poison = control().poison.load(std::memory_order_relaxed);
  if (poison == 0 || turn() > 0 || !operation->queued) return;
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
  if (link.segment == nullptr) return;
  const PeerCall theirs = peer_call(link);
  const Call& ours = head_->launch.call;
  if (theirs.sequence != head_->sequence || theirs.call == ours) return;
  const PeerCall again = peer_call(link);
  if (again.sequence != theirs.sequence || turn() > 0 || !operation->queued) return;
  give_up(ErrorCode::mismatch,
          fmt::format("call #{} differs: rank {} called {}, rank {} called {}", theirs.sequence,
                      world_.rank, ours.describe(), peer, theirs.call.describe()),
          -1);
}

void Executor::check_deadline(std::int64_t waited_ns) {
  const double seconds = static_cast<double>(waited_ns) / 1e9;
  const int peer = awaited_peer(*head_);
  if (peer < 0) {
    return give_up(ErrorCode::timeout,
                   fmt::format("{}: it did not end within {:.3g} s", story(*head_), seconds), -1);
  }
  const auto waits = [&](const LaneState& lane) {
    return lane.passes_left > 0 && lane.next->kind == StepKind::wait &&
           awaited_rank(*head_, lane) == peer;
  };
  const auto lanes = std::span(head_->lanes).first(static_cast<std::size_t>(head_->lane_count));
  const char* what = std::ranges::any_of(lanes, waits) ? "" : "its transport to take what goes to ";
  int last = peer;
  const std::string chain = chain_from(peer, &last);
  give_up(ErrorCode::timeout,
          fmt::format("{}: waited {:.3g} s for {}{}{}", story(*head_), seconds, what,
                      what_peer_does(peer), chain),
          last);
}

void Executor::look_around(Operation* operation, std::int64_t started_ns, std::int64_t now_ns,
                           std::chrono::nanoseconds timeout) {
  links_.progress.look(now_ns);
  const std::int64_t waited = now_ns - started_ns;
  if (operation->queued) check_failures(operation);
  if (operation->queued) check_poison(operation);
  if (!operation->queued) return;
  if (waited > kCompareCallsNs) {
    tell_awaited();
    check_mismatch(operation);
  }
  if (operation->queued && waited >= timeout.count()) check_deadline(waited);
}

}  // namespace weft::executor
