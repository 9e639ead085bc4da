#include "transport.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace weft::verbs {

using transport::Get;
using transport::Put;
using transport::queue_full;
using transport::SignalOp;
using transport::Status;

namespace {

constexpr std::int64_t kLongestFlushNs = 2'000'000'000;
// Calls of progress(), idle or not, between looks at the clock, and at what is rarely there.
constexpr unsigned kLookEvery = 64;
constexpr unsigned kLookAtSendsEvery = 16;

}  // namespace

Transport::Transport(const transport::OpenOptions& options, const Settings& settings,
                     std::vector<std::unique_ptr<Rail>> rails, const Clock& clock)
    : context_(options, settings, clock, std::move(rails)),
      peers_(context_),
      arrivals_(context_, peers_),
      backlog_(context_, peers_),
      address_(peers_.address()) {
  peers_.listen(arrivals_);
  if (options.wakes) open_wait_descriptor();
  for (const auto& rail : context_.rails) context_.log(rail->device().choice);
}

Transport::~Transport() {
  flush_all();
  peers_.close();
  if (wait_fd_ >= 0) ::close(wait_fd_);
}

// What was posted arrives although this rank goes: its peers may wait for it. Bounded, and a dead
// peer's work requests fail before that.
void Transport::flush_all() {
  const auto outstanding = [](const Peer& p) {
    return p.pieces.has_value() ||
           std::ranges::any_of(p.lane, [](const Lane& l) { return l.completed < l.posted; });
  };
  const std::int64_t deadline_ns = context_.clock.now_ns() + kLongestFlushNs;
  for (;;) {
    for (Peer& p : peers_) {
      // A copy: one that fails is ended.
      for (const int number : std::vector<int>(p.active)) {
        const Lane& lane = p.at(number);
        if (lane.signaled < lane.posted && !peers_.ask(p, number)) break;
      }
    }
    if (std::none_of(peers_.begin(), peers_.end(), outstanding)) return;
    if (context_.clock.now_ns() >= deadline_ns) return;
    if (progress() == 0) sched_yield();
  }
}

transport::Capabilities Transport::capabilities() const {
  transport::Capabilities result;
  result.ordered = true;
  result.get = true;
  // Of a current card; a rail of 100 Gb/s moves a byte in 0.08 ns.
  result.cost = {.latency_ns = 1100,
                 .message_ns = 150,
                 .wire_ns_per_byte = 0.08F / static_cast<float>(context_.rails.size())};
  for (const auto& rail : context_.rails)
    result.max_message =
        std::min<std::uint64_t>(result.max_message, rail->device().attributes.max_msg_sz);
  if (context_.settings.max_message > 0)
    result.max_message = std::min(result.max_message, context_.settings.max_message);
  result.blocking_wait_fd = wait_fd_;
  return result;
}

// What is wrong with a put; null: nothing, and *number is its peer.
const char* Transport::fault_of(const Put& put, int* number) const {
  if (const char* fault = transport::fault_of(put, number)) return fault;
  if (put.signal != SignalOp::none && context_.imports[*put.signal_memory].device != 0)
    return "a signal in a device's memory";
  return nullptr;
}

// To this rank itself.
Status Transport::put_here(const Put& put) {
  const auto locate = [&](const transport::RemoteMemory& memory, std::uint64_t offset,
                          std::size_t bytes) {
    const Key& key = context_.imports[memory];
    return context_.regions.locate(Spot::of(key.region, key.generation, offset), bytes);
  };
  if (put.bytes > 0) {
    std::byte* target = locate(*put.target, put.target_offset, put.bytes);
    if (target == nullptr) return Status::error(ErrorCode::invalid_argument, "released memory");
    std::memmove(target, put.source, put.bytes);
  }
  if (put.signal != SignalOp::none) {
    std::byte* word = locate(*put.signal_memory, put.signal_offset, sizeof(std::uint64_t));
    if (word == nullptr) return Status::error(ErrorCode::invalid_argument, "released memory");
    transport::change_word(word, put.signal, put.signal_value);
  }
  if (put.completed != nullptr) ++*put.completed;
  return {};
}

Status Transport::put(std::span<const Put> puts, std::size_t* posted) {
  *posted = 0;
  std::optional<Batch> batch;
  Status status;
  for (const Put& put : puts) {
    int number = -1;
    if (const char* fault = fault_of(put, &number)) {
      status = Status::error(ErrorCode::invalid_argument, fault);
      break;
    }
    Peer& p = peers_[number];
    if (batch && &batch->peer() != &p) batch->flush();
    if (!batch || &batch->peer() != &p) batch.emplace(context_, peers_, p);
    if (number == context_.options.rank) {
      status = p.failure.ok() ? put_here(put) : p.failure;
    } else if (peers_.ready(p)) {
      status = batch->put(put);
      if (p.pieces) backlog_.add(p);
    } else {
      status = p.failure.ok() ? queue_full() : p.failure;
    }
    if (!status.ok()) break;
    ++*posted;
  }
  if (batch && !batch->flush() && status.ok()) status = batch->peer().failure;
  return status;
}

Status Transport::get(std::span<const Get> gets) {
  for (const Get& get : gets) {
    if (const char* fault = transport::fault_of(get))
      return Status::error(ErrorCode::invalid_argument, fault);
    const Key& key = context_.imports[*get.source];
    Peer& p = peers_[get.source->peer];
    if (!p.failure.ok()) return p.failure;
    const bool here = p.number == context_.options.rank;
    if (here && get.bytes > 0) {
      std::memmove(get.destination, reinterpret_cast<std::byte*>(key.address) + get.source_offset,
                   get.bytes);
    }
    if (here || get.bytes == 0) {
      if (get.completed != nullptr) ++*get.completed;
      continue;
    }
    p.gets.push_back({get, key});
    backlog_.add(p);
  }
  backlog_.post();
  return {};
}

int Transport::progress() {
  int events = arrivals_.take_receives() + arrivals_.take_entries();
  // A failed work request raises a completion that nobody asked for.
  if (context_.awaited > 0 || calls_ % kLookAtSendsEvery == 0)
    events += arrivals_.take_completions();
  if (!backlog_.empty()) events += backlog_.post();
  if (++calls_ % kLookEvery == 0 || peers_.connecting()) events += look();
  return events;
}

}  // namespace weft::verbs
