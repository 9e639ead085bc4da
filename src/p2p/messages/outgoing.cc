// The sender's side of a Messenger.
#include <algorithm>

#include "base/error.h"
#include "p2p/messages/messenger.h"
#include "p2p/post.h"
#include "reduce/reduce.h"

namespace weft::p2p {
namespace {

// Some ways name memory by addresses, others by keys: neither may be taken for the other.
bool leads_there(Way way, const Path& path) {
  if (way == Way::pieces) return true;
  return path.load_store ? way == Way::copy || way == Way::reach : way == Way::put;
}

}  // namespace

// Large messages go past the caches: nobody reads all of one soon.
reduce::Store Messenger::store_for(std::size_t message_bytes) {
  constexpr std::size_t kStreaming = std::size_t{4} << 20;
  return message_bytes >= kStreaming ? reduce::Store::streaming : reduce::Store::cached;
}

// Copies one slice.
int Messenger::advance_copy(int number, Copy& copy) {
  constexpr std::size_t kSlice = std::size_t{256} << 10;
  if (!copy.pending()) return 0;
  const std::size_t bytes = std::min(kSlice, copy.bytes - copy.copied);
  std::byte* to = copy.to + copy.copied;
  const std::byte* from = copy.from + copy.copied;
  copy.copied += bytes;
  if (copy.kind == Copy::Kind::mapped) {
    void* target = to;
    reduce::copy(&target, 1, from, bytes, store_for(copy.bytes));
    return 1;
  }
  const bool write = copy.kind == Copy::Kind::write;
  const auto theirs =
      write ? reinterpret_cast<std::uint64_t>(to) : reinterpret_cast<std::uint64_t>(from);
  const Path& path = endpoint_.path(number);
  const transport::Status status = path.transport->copy_private(
      path.peer, theirs, write ? const_cast<std::byte*>(from) : to, bytes, write);
  if (!status.ok()) fail(status.code, "{}: {}", endpoint_.describe(number), status.message);
  return 1;
}

// Whether the peer's private memory can be copied from here.
bool Messenger::reaches(int number) const {
  const Path& path = endpoint_.path(number);
  return path.load_store && path.transport->copy_private(path.peer, 0, nullptr, 0, false).ok();
}

// False while there is no room.
bool Messenger::send_control(Peer& peer, Kind kind, std::uint32_t label,
                             std::span<const std::byte> payload) {
  Mailbox& box = *peer.box;
  return payload.size() <= kLinePayload
             ? box.send_small(kind, label, payload.data(), payload.size())
             : box.send_through_area(kind, label, payload.data(), payload.size(), &peer.left);
}

int Messenger::flush_controls(Peer& peer) {
  int moved = 0;
  if (peer.left.valid()) {
    while (peer.leaving->size() > peer.left.outstanding()) peer.leaving->pop_front();
  }
  while (!peer.controls.empty()) {
    Control& control = peer.controls.front();
    if (!send_control(peer, control.kind, control.label, control.payload)) break;
    if (control.payload.size() > kLinePayload && peer.left.valid())
      peer.leaving->push_back(std::move(control));
    peer.controls.pop_front();
    --active;
    ++moved;
  }
  return moved;
}

int Messenger::advance_sends(Peer& peer) {
  int moved = 0;
  bool blocked = false;  // messages begin in the order they were sent
  for (SendRequest& request : peer.sends) {
    if (request.cancelled) confirm_cancelled(peer, request);
    if (request.outcome.done) continue;
    if (!request.begun) {
      blocked = blocked || !begin_send(peer, request);
      moved += blocked ? 0 : 1;
    } else if (request.accepted) {
      moved += advance_transfer(peer, request);
    }
    settle(request);
  }
  sweep(peer);
  return moved;
}

// Whether the question is worth its time: it spares a copy, and half the time of the other where
// both sides can do their part of it.
bool Messenger::asks_first(int number, const void* data, std::size_t bytes) const {
  constexpr std::size_t kLeastShared = std::size_t{8} << 10;
  const Mailbox& box = *peers_[static_cast<std::size_t>(number)].box;
  if (bytes > box.eager_bytes()) return true;
  if (bytes < kLeastShared || !box.mapped()) return false;
  return endpoint_.locate(data, bytes).id != 0 ||
         (bytes >= endpoint_.path(number).least_reach && reaches(number));
}

bool Messenger::begin_send(Peer& peer, SendRequest& request) {
  const auto tag = static_cast<std::uint32_t>(request.tag);
  Mailbox& box = *peer.box;
  if (request.bytes <= kLinePayload) {
    request.begun = box.send_small(Kind::inlined, tag, request.data, request.bytes);
  } else if (!asks_first(request.peer, request.data, request.bytes)) {
    request.begun = box.send_through_area(Kind::eager, tag, request.data, request.bytes,
                                          box.mapped() ? nullptr : &left_of(request));
  } else {
    Ask ask{request.bytes, endpoint_.locate(request.data, request.bytes), 0, last_number_ + 1};
    if (reaches(request.peer)) ask.address = reinterpret_cast<std::uint64_t>(request.data);
    request.begun = box.send_small(Kind::ask, tag, &ask, sizeof(ask));
    if (request.begun) request.number = ++last_number_;
  }
  return request.begun;
}

// A small one is done once its bytes may be reused, a large one once both sides have done their
// part.
void Messenger::settle(SendRequest& request) {
  if (!request.begun || request.outcome.done || !request.has_left()) return;
  if (!peers_[static_cast<std::size_t>(request.peer)].box->push()) return;
  if (request.number != 0) {
    if (!request.told) return;
    if (request.accepted->begin > 0 && !request.peer_finished) return;
  }
  release_memory(request);
  request.outcome.succeed();
}

int Messenger::advance_transfer(Peer& peer, SendRequest& request) {
  if (request.told) return 0;
  int moved = 0;
  switch (request.accepted->way) {
    case Way::pieces:
      moved = send_pieces(peer, request);
      request.told = request.sent == request.bytes;  // the last piece says so
      return moved;
    case Way::copy:
    case Way::reach:
      moved = advance_copy(request.peer, request.copy);
      if (request.copy.pending()) return moved;
      break;
    case Way::put:
      moved = post_puts(request);
      if (request.sent < request.bytes) return moved;
      break;
  }
  request.told = true;
  if (request.accepted->begin < request.bytes) {
    say(peer, Kind::finish, 0, Finish{request.accepted->receiving, Side::receiver});
  }
  return moved + 1;
}

const links::Completion& Messenger::left_of(SendRequest& request) {
  if (!request.left.valid()) request.left = endpoint_.take_completion(request.peer);
  return request.left;
}

// The receiver keeps its memory registered until it hears that nothing is on its way any more.
void Messenger::confirm_cancelled(Peer& peer, SendRequest& request) {
  if (!request.has_left()) return;
  request.cancelled = false;
  say(peer, Kind::finish, 0, Finish{request.accepted->receiving, Side::receiver});
}

int Messenger::send_pieces(Peer& peer, SendRequest& request) {
  int moved = 0;
  const links::Completion* left = peer.box->mapped() ? nullptr : &left_of(request);
  while (request.sent < request.bytes) {
    const std::size_t bytes = std::min(peer.box->piece_bytes(), request.bytes - request.sent);
    if (!peer.box->send_through_area(Kind::piece, request.accepted->receiving,
                                     request.data + request.sent, bytes, left))
      break;
    request.sent += bytes;
    ++moved;
  }
  return moved;
}

int Messenger::post_puts(SendRequest& request) {
  const Path& path = endpoint_.path(request.peer);
  const links::Completion& left = left_of(request);
  int moved = 0;
  while (request.sent < request.bytes) {
    const std::size_t bytes =
        std::min<std::uint64_t>(path.max_message, request.bytes - request.sent);
    const transport::Put put = make_put(
        request.data + request.sent, {&request.target, request.sent, nullptr}, bytes, left.word());
    std::span<const transport::Put> rest(&put, 1);
    post_some(endpoint_, request.peer, &rest);
    if (!rest.empty()) break;
    left.asked();
    request.sent += bytes;
    ++moved;
  }
  return moved;
}

void Messenger::accept(int number, const Accept& accepted) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  SendRequest* request = find_send(number, accepted.sending);
  if (!leads_there(accepted.way, endpoint_.path(number))) {
    fail(ErrorCode::internal, "an answer from {} with a way that does not lead there",
         endpoint_.describe(number));
  }
  if (request == nullptr || request->outcome.done || request->accepted) {
    say(peer, Kind::cancel, 0, Finish{accepted.receiving, Side::receiver});
    return;
  }
  request->accepted = accepted;
  request->accepted->begin = std::min<std::uint64_t>(accepted.begin, request->bytes);
  if (accepted.way == Way::put) return import_target(*request);
  if (accepted.way == Way::pieces) return;
  const std::size_t begin = request->accepted->begin;
  const bool mapped = accepted.way == Way::copy;
  std::byte* target = mapped ? endpoint_.mapped(number, accepted.target, request->bytes)
                             : reinterpret_cast<std::byte*>(accepted.address);
  // Where the receiver fetches everything there need not be a target.
  if (target == nullptr && begin < request->bytes)
    fail(ErrorCode::internal, "an answer with memory that is not mapped");
  if (begin < request->bytes) {
    request->copy = {mapped ? Copy::Kind::mapped : Copy::Kind::write, target + begin,
                     request->data + begin, request->bytes - begin};
  }
}

void Messenger::import_target(SendRequest& request) {
  const Path& path = endpoint_.path(request.peer);
  const transport::Status status =
      path.transport->import_memory(path.peer, request.accepted->key, &request.target);
  if (!status.ok() || request.target.bytes < request.bytes) {
    if (!status.ok()) request.target.peer = -1;
    fail(status.ok() ? ErrorCode::internal : status.code, "memory of {}: {}",
         endpoint_.describe(request.peer), status.ok() ? "shorter than asked for" : status.message);
  }
  // Where that is refused the transport copies.
  if (!path.transport
           ->register_memory(const_cast<std::byte*>(request.data), request.bytes,
                             &request.registered)
           .ok())
    request.registered = {};
}

void Messenger::release_memory(SendRequest& request) {
  // Null where its peer was forgotten, and all of it released then.
  transport::Transport* transport = endpoint_.path(request.peer).transport;
  if (request.target.peer >= 0) transport->release(request.target);
  if (request.registered.bytes > 0) transport->release(request.registered);
  request.target.peer = -1;
  request.registered = {};
}

SendRequest* Messenger::find_send(int number, std::uint32_t sending) {
  if (sending == 0) return nullptr;  // what no number was given to
  for (SendRequest& request : peers_[static_cast<std::size_t>(number)].sends) {
    if (request.number == sending) return &request;
  }
  return nullptr;
}

// A peer that cannot be told is gone, and whoever gives up has enough to say already.
void Messenger::tell_given_up(int number, const Finish& finish) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  if (!peer.lost.empty()) return;
  try {
    say(peer, Kind::cancel, 0, finish);
  } catch (const Error& error) {
    lose(number, error.what());
  }
}

void Messenger::forget(SendRequest* request) {
  Peer& peer = peers_[static_cast<std::size_t>(request->peer)];
  request->forgotten = true;
  if (!request->outcome.done) {
    request->outcome.fail_with(ErrorCode::timeout, "given up");
    if (request->accepted)
      tell_given_up(request->peer, {request->accepted->receiving, Side::receiver});
  }
  sweep(peer);
}

void Messenger::forget_when_sent(SendRequest* request) {
  request->forgotten = true;
  sweep(peers_[static_cast<std::size_t>(request->peer)]);
}

// What a transport still reads stays.
void Messenger::sweep(Peer& peer) {
  std::erase_if(peer.sends, [&](SendRequest& request) {
    const bool gone = request.forgotten && request.outcome.done &&
                      ((request.has_left() && !request.cancelled) || !peer.lost.empty());
    if (!gone) return false;
    release_memory(request);
    --active;
    return true;
  });
}

}  // namespace weft::p2p
