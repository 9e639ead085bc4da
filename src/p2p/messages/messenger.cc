#include "p2p/messages/messenger.h"

#include <algorithm>

#include "base/cpu.h"
#include "base/error.h"
#include "p2p/post.h"
#include "p2p/wait.h"
#include "reduce/reduce.h"

namespace weft::p2p {

Messenger::Messenger(Endpoint& endpoint, std::function<MailboxMemory(int)> memory,
                     std::size_t unexpected_bytes)
    : endpoint_(endpoint),
      memory_(std::move(memory)),
      peers_(static_cast<std::size_t>(endpoint.peers())),
      matching_(endpoint.peers(), unexpected_bytes) {
  endpoint_.add(this);
}

Messenger::~Messenger() {
  endpoint_.remove(this);
  for (Peer& peer : peers_) {
    for (SendRequest& request : peer.sends) release_memory(request);
  }
  for (ReceiveRequest& request : receives_) release_memory(request);
}

Messenger::Peer& Messenger::peer(int number) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  if (peer.box == nullptr) {
    const MailboxMemory memory = memory_(number);
    peer.box =
        std::make_unique<Mailbox>(endpoint_, number, memory.bytes, memory.own, memory.theirs);
    if (!peer.box->mapped()) {
      peer.leaving = std::make_shared<std::deque<Control>>();
      peer.left = endpoint_.take_completion(number);
      peer.left.keep(peer.leaving);
    }
    open_.push_back(number);
  }
  return peer;
}

void Messenger::open_all() {
  for (int i = 0; i < endpoint_.peers(); ++i) {
    if (i != endpoint_.self() && endpoint_.path(i).transport != nullptr) peer(i);
  }
}

void Messenger::throw_failure(const Outcome& outcome) {
  if (outcome.code != ErrorCode::ok) throw Error(outcome.code, outcome.message);
}

// Without a request, where nothing is in the way.
bool Messenger::quick_send(int number, const void* data, std::size_t bytes, int tag) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  if (!peer.sends.empty() || !peer.controls.empty() || !peer.lost.empty()) return false;
  if (bytes <= kLinePayload)
    return peer.box->send_small(Kind::inlined, static_cast<std::uint32_t>(tag), data, bytes);
  if (!peer.box->mapped() || asks_first(number, data, bytes)) return false;
  return peer.box->send_through_area(Kind::eager, static_cast<std::uint32_t>(tag), data, bytes,
                                     nullptr);
}

void Messenger::send(const void* data, std::size_t bytes, int number, int tag,
                     std::chrono::nanoseconds timeout) {
  endpoint_.enter();
  check_alive(endpoint_, number, "send");
  Peer& to = peer(number);
  if (quick_send(number, data, bytes, tag)) {
    if (to.box->push()) return;
    note_debt(to);
    return await(endpoint_, {"send", number}, timeout, [&] { return to.box->push(); });
  }
  SendRequest* request = start_send(data, bytes, number, tag);
  try {
    wait(request, timeout);
  } catch (...) {
    forget(request);
    throw;
  }
  forget(request);
}

// The next message of a peer where nothing else could claim it.
bool Messenger::quick_receive(int source, void* data, std::size_t room, int tag,
                              Received* received) {
  constexpr int kSteps = 8192;
  constexpr int kTurns = 512;  // with a transport, which take longer
  Peer& from = peer(source);
  if (matching_.any_posted() || matching_.any_unexpected(source) || !from.lost.empty())
    return false;
  Arrived arrived;
  const bool mapped = from.box->mapped();
  const auto came = [&] { return from.box->front(&arrived); };
  const auto came_or_progressed = [&] {
    if (came()) return true;
    endpoint_.path(source).transport->progress();
    return false;
  };
  const bool spins = active == 0 && endpoint_.idling().durations.poll_ns > 0;
  const bool found_one = !spins   ? came()
                         : mapped ? spin(kSteps, poll_pauses(), came)
                                  : spin(kTurns, 0, came_or_progressed);
  if (!found_one) return false;
  if (arrived.kind != Kind::inlined && arrived.kind != Kind::eager) return false;
  const int found = static_cast<int>(arrived.label);
  if (arrived.bytes > room || found != (tag == kAnyTag && found < kFirstOwnTag ? found : tag))
    return false;
  if (arrived.bytes == sizeof(std::uint64_t)) {
    std::memcpy(data, arrived.data, sizeof(std::uint64_t));
  } else {
    reduce::copy(data, arrived.data, arrived.bytes);
  }
  *received = {source, found, arrived.bytes};
  from.box->pop();
  if (!mapped) note_debt(from);
  return true;
}

Received Messenger::receive(void* data, std::size_t room, int source, int tag,
                            std::chrono::nanoseconds timeout) {
  endpoint_.enter();
  Received received;
  if (source != kAnySource && quick_receive(source, data, room, tag, &received)) return received;
  ReceiveRequest* request = start_receive(data, room, source, tag);
  try {
    wait(request, timeout);
  } catch (...) {
    forget(request);
    throw;
  }
  received = request->received;
  forget(request);
  return received;
}

SendRequest* Messenger::start_send(const void* data, std::size_t bytes, int number, int tag) {
  endpoint_.enter();
  Peer& to = peer(number);
  SendRequest& request = to.sends.emplace_back();
  request.data = static_cast<const std::byte*>(data);
  request.bytes = bytes;
  request.peer = number;
  request.tag = tag;
  ++active;
  if (!to.lost.empty()) request.outcome.fail_with(ErrorCode::peer_failed, to.lost);
  move_on(number);
  return &request;
}

ReceiveRequest* Messenger::start_receive(void* data, std::size_t room, int source, int tag) {
  endpoint_.enter();
  if (source == kAnySource) {
    open_all();
  } else {
    peer(source);
  }
  ReceiveRequest& request = receives_.emplace_back();
  request.data = static_cast<std::byte*>(data);
  request.room = room;
  request.source = source;
  request.tag = tag;
  ++active;
  const Matching::Found found = matching_.find(source, tag);
  if (found.source < 0) {
    if (source != kAnySource && !peer(source).lost.empty()) {
      request.outcome.fail_with(ErrorCode::peer_failed, peer(source).lost);
      return &request;
    }
    matching_.post(&request);
    source == kAnySource ? poll() : move_on(source);
    return &request;
  }
  Unexpected message = matching_.take(found);
  if (message.asks) {
    begin_transfer(request, found.source, message.tag, message.ask);
  } else {
    complete(request, found.source, message.tag, message.bytes.data(), message.bytes.size());
  }
  return &request;
}

template <typename Request>
void Messenger::await_request(Request* request, const Awaited& awaited, std::size_t bytes,
                              int number, std::chrono::nanoseconds timeout) {
  try {
    await(endpoint_, awaited, timeout, [&] {
      if (!request->outcome.done) poll();
      return request->outcome.done;
    });
  } catch (const Error& error) {
    rethrow(error, bytes, request->tag, number);
  }
  throw_failure(request->outcome);
}

void Messenger::wait(SendRequest* request, std::chrono::nanoseconds timeout) {
  await_request(request, {"send", request->peer}, request->bytes, request->peer, timeout);
}

void Messenger::wait(ReceiveRequest* request, std::chrono::nanoseconds timeout) {
  const int source = request->number != 0 ? request->received.source : request->source;
  await_request(request, {"recv", source}, request->room, request->source, timeout);
}

// Says which message it was, and what there is instead.
void Messenger::rethrow(const Error& error, std::size_t bytes, int tag, int number) const {
  const std::string unexpected = number >= 0 ? matching_.describe_unexpected(number) : "";
  fail(error.code(), "{} ({} bytes, {}){}{}", error.what(), bytes,
       tag == kAnyTag ? std::string("any tag") : fmt::format("tag {}", tag),
       unexpected.empty() ? "" : "; there are ", unexpected);
}

std::optional<Received> Messenger::probe(int source, int tag) {
  endpoint_.enter();
  if (source == kAnySource) {
    open_all();
  } else {
    peer(source);
  }
  for (const int number : open_) {
    if (source == kAnySource || source == number) move_on(number);
  }
  const Matching::Found found = matching_.find(source, tag);
  if (found.source < 0) return {};
  return Received{found.source, found.message->tag, found.message->size()};
}

int Messenger::poll() {
  int moved = advance_receives();
  for (const int number : open_) moved += move_on(number);
  return moved;
}

int Messenger::move_on(int number) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  if (!peer.lost.empty()) return 0;
  try {
    const int moved = move_peer(number, peer);
    note_debt(peer);
    return moved;
  } catch (const Error& error) {
    lose(number, error.what());
    return 1;
  }
}

int Messenger::move_peer(int number, Peer& peer) {
  int moved = take_arrivals(number, peer);
  if (!peer.controls.empty()) moved += flush_controls(peer);
  if (!peer.sends.empty()) moved += advance_sends(peer);
  return moved;
}

// Keeps this moving while a peer waits for something that it alone can post.
void Messenger::note_debt(Peer& peer) {
  const bool owes = peer.lost.empty() && peer.box != nullptr && peer.box->owes();
  active += static_cast<int>(owes) - static_cast<int>(peer.owes);
  peer.owes = owes;
}

void Messenger::turn() {
  constexpr unsigned kPollsPerLook = 128;
  endpoint_.progress();
  if (++polls_ % kPollsPerLook != 0) return;
  endpoint_.look(endpoint_.clock().now_ns());
  notice_failures();
}

// For requests that nobody waits for by name: everything of a peer that is gone ends.
void Messenger::notice_failures() {
  for (const int number : open_) {
    Peer& peer = peers_[static_cast<std::size_t>(number)];
    const std::string* cause = peer.lost.empty() ? endpoint_.failure(number) : nullptr;
    if (cause == nullptr || move_on(number) > 0) continue;
    lose(number, fmt::format("{} failed: {}", endpoint_.describe(number), *cause));
  }
}

void Messenger::lose(int number, const std::string& cause) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  peer.lost = cause;
  note_debt(peer);
  for (SendRequest& request : peer.sends) request.outcome.fail_with(ErrorCode::peer_failed, cause);
  for (ReceiveRequest& request : receives_) {
    const bool matched = request.number != 0 && request.received.source == number;
    if (!matched && request.source != number) continue;
    matching_.withdraw(&request);
    request.outcome.fail_with(ErrorCode::peer_failed, cause);
  }
}

bool Messenger::idle(int number) const {
  const Peer& peer = peers_[static_cast<std::size_t>(number)];
  const auto done = [](const SendRequest& request) { return request.outcome.done; };
  const bool owes = peer.box != nullptr && peer.box->owes();
  return !owes && peer.controls.empty() && std::ranges::all_of(peer.sends, done);
}

void Messenger::reset(int number, const std::string& cause) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  lose(number, cause);
  for (SendRequest& request : peer.sends) {
    release_memory(request);
    if (request.left.valid()) request.left.abandon();
  }
  for (ReceiveRequest& request : receives_) {
    if (request.number != 0 && request.received.source == number) release_memory(request);
  }
  sweep_receives();
  active -= static_cast<int>(peer.controls.size());
  peer.controls.clear();
  if (peer.left.valid()) peer.left.abandon();
  peer.left = {};
  peer.leaving.reset();
  peer.box.reset();
  std::erase(open_, number);
  matching_.drop(number);
  peer.lost.clear();
  sweep(peer);
}

}  // namespace weft::p2p
