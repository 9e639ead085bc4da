// The receiver's side of a Messenger.
#include <algorithm>

#include "base/error.h"
#include "p2p/messages/messenger.h"
#include "reduce/reduce.h"

namespace weft::p2p {
namespace {

template <typename Payload>
Payload read(const Arrived& arrived) {
  Payload payload;
  if (arrived.bytes != sizeof(payload)) fail(ErrorCode::internal, "a message of the wrong length");
  std::memcpy(&payload, arrived.data, sizeof(payload));
  return payload;
}

}  // namespace

int Messenger::take_arrivals(int number, Peer& peer) {
  int moved = 0;
  Arrived arrived;
  while (peer.box->front(&arrived) && handle(number, arrived)) {
    peer.box->pop();
    ++moved;
  }
  if (moved == 0) peer.box->tell();
  return moved;
}

// False where it has to stay where it is.
bool Messenger::handle(int number, const Arrived& arrived) {
  switch (arrived.kind) {
    case Kind::inlined:
    case Kind::eager:
      return take_message(number, arrived);
    case Kind::ask:
      return take_ask(number, arrived);
    case Kind::accept:
      accept(number, read<Accept>(arrived));
      return true;
    case Kind::piece:
      take_piece(number, arrived);
      return true;
    case Kind::finish:
      take_finish(number, arrived);
      return true;
    case Kind::cancel:
    case Kind::refuse:
      give_up(number, read<Finish>(arrived), arrived.kind);
      return true;
  }
  fail(ErrorCode::internal, "a message of an unknown kind");
}

void Messenger::complete(ReceiveRequest& request, int source, int tag, const std::byte* data,
                         std::size_t bytes) const {
  request.received = {source, tag, bytes};
  if (bytes > request.room) {
    request.outcome.fail_with(
        ErrorCode::mismatch,
        fmt::format("recv: a message of {} bytes from {} with tag {} into {} bytes", bytes,
                    endpoint_.describe(source), tag, request.room));
    return;
  }
  reduce::copy(request.data, data, bytes);
  request.outcome.succeed();
}

bool Messenger::take_message(int source, const Arrived& arrived) {
  const int tag = static_cast<int>(arrived.label);
  if (ReceiveRequest* request = matching_.match(source, tag); request != nullptr) {
    complete(*request, source, tag, arrived.data, arrived.bytes);
    return true;
  }
  if (!matching_.has_room(source, arrived.bytes)) return false;
  Unexpected message;
  message.tag = tag;
  message.bytes.assign(arrived.data, arrived.data + arrived.bytes);
  matching_.keep(source, std::move(message));
  return true;
}

bool Messenger::take_ask(int source, const Arrived& arrived) {
  const Ask ask = read<Ask>(arrived);
  if (ask.bytes == 0)
    fail(ErrorCode::internal, "{} asks what to do with 0 bytes", endpoint_.describe(source));
  const int tag = static_cast<int>(arrived.label);
  if (ReceiveRequest* request = matching_.match(source, tag); request != nullptr) {
    begin_transfer(*request, source, tag, ask);
    return true;
  }
  if (!matching_.has_room(source, 0)) return false;
  matching_.keep(source, {tag, true, ask, {}});
  return true;
}

void Messenger::begin_transfer(ReceiveRequest& request, int source, int tag, const Ask& ask) {
  Peer& from = peers_[static_cast<std::size_t>(source)];
  request.received = {source, tag, ask.bytes};
  if (ask.bytes > request.room) {
    complete(request, source, tag, nullptr, ask.bytes);
    say(from, Kind::refuse, 0, Finish{ask.sending, Side::sender});
    return;
  }
  request.number = ++last_number_;
  request.sending = ask.sending;
  say(from, Kind::accept, 0, plan_transfer(request, source, ask));
}

// See wire.h.
Accept Messenger::plan_transfer(ReceiveRequest& request, int source, const Ask& ask) {
  constexpr std::size_t kPage = 4096;
  const Path& path = endpoint_.path(source);
  Accept accept;
  accept.sending = ask.sending;
  accept.receiving = request.number;
  if (!path.load_store) {
    if (!path.transport->register_memory(request.data, ask.bytes, &request.registered).ok()) {
      request.registered = {};
      return accept;
    }
    accept.way = Way::put;
    accept.key = request.registered.key;
    request.awaits_finish = true;
    return accept;
  }
  const std::byte* from =
      ask.source.id == 0 ? nullptr : endpoint_.mapped(source, ask.source, ask.bytes);
  accept.target = endpoint_.locate(request.data, ask.bytes);
  const bool both_mapped = from != nullptr && accept.target.id != 0;
  // The receiver, who begins an answer's time before the sender, does a page more.
  const std::size_t half = ask.bytes / 2 / kPage * kPage + (ask.bytes >= 4 * kPage ? kPage : 0);
  if (from == nullptr && accept.target.id == 0) {
    if (ask.bytes < path.least_reach || ask.address == 0 || !reaches(source)) return accept;
    accept.way = Way::reach;
    accept.address = reinterpret_cast<std::uint64_t>(request.data);
    accept.begin = half;
    request.copy = {Copy::Kind::read, request.data, reinterpret_cast<const std::byte*>(ask.address),
                    half};
  } else {
    accept.way = Way::copy;
    accept.begin = both_mapped ? half : from != nullptr ? ask.bytes : 0;
    request.copy = {Copy::Kind::mapped, request.data, from, accept.begin};
  }
  request.pulls = accept.begin > 0;
  request.awaits_finish = accept.begin < ask.bytes;
  return accept;
}

int Messenger::advance_receives() {
  int moved = 0;
  for (ReceiveRequest& request : receives_) {
    if (request.number == 0 || request.outcome.done) continue;
    try {
      moved += advance_copy(request.received.source, request.copy);
      settle(request);
    } catch (const Error& error) {
      lose(request.received.source, error.what());
    }
  }
  return moved;
}

void Messenger::settle(ReceiveRequest& request) {
  if (request.outcome.done || request.number == 0 || request.copy.pending()) return;
  if (request.pulls) {
    request.pulls = false;
    say(peers_[static_cast<std::size_t>(request.received.source)], Kind::finish, 0,
        Finish{request.sending, Side::sender});
  }
  const bool by_pieces = !request.awaits_finish && request.copy.bytes == 0;
  if (request.awaits_finish ? !request.finished
                            : by_pieces && request.arrived < request.received.bytes)
    return;
  release_memory(request);
  request.outcome.succeed();
}

void Messenger::take_piece(int source, const Arrived& arrived) {
  ReceiveRequest* request = find_receive(source, arrived.label);
  if (request == nullptr || request->outcome.done) return;  // it was given up
  if (arrived.bytes > request->received.bytes - request->arrived)
    fail(ErrorCode::internal, "pieces of more bytes than the message has");
  void* to = request->data + request->arrived;
  reduce::copy(&to, 1, arrived.data, arrived.bytes, store_for(request->received.bytes));
  request->arrived += arrived.bytes;
  settle(*request);
}

void Messenger::take_finish(int number, const Arrived& arrived) {
  const auto finish = read<Finish>(arrived);
  if (finish.side == Side::sender) {
    if (SendRequest* request = find_send(number, finish.number); request != nullptr) {
      request->peer_finished = true;
      settle(*request);
    }
  } else if (ReceiveRequest* request = find_receive(number, finish.number); request != nullptr) {
    request->finished = true;
    request->forgotten ? sweep_receives() : settle(*request);
  }
}

void Messenger::give_up(int number, const Finish& finish, Kind kind) {
  if (finish.side == Side::sender) {
    SendRequest* request = find_send(number, finish.number);
    if (request == nullptr) return;
    request->cancelled = kind == Kind::cancel && request->accepted && !request->told &&
                         request->accepted->way == Way::put;
    request->outcome.fail_with(
        kind == Kind::refuse ? ErrorCode::mismatch : ErrorCode::peer_failed,
        fmt::format("send: {} bytes with tag {}: {} {}", request->bytes, request->tag,
                    endpoint_.describe(number),
                    kind == Kind::refuse ? "has a shorter buffer" : "has given up"));
  } else if (ReceiveRequest* request = find_receive(number, finish.number); request != nullptr) {
    request->outcome.fail_with(ErrorCode::peer_failed,
                               fmt::format("recv: {} has given up its message of {} bytes",
                                           endpoint_.describe(number), request->received.bytes));
    request->finished = true;  // what it had put before has arrived before this
    if (request->forgotten) sweep_receives();
  }
}

void Messenger::release_memory(ReceiveRequest& request) {
  if (request.registered.bytes == 0) return;
  endpoint_.path(request.received.source).transport->release(request.registered);
  request.registered = {};
}

ReceiveRequest* Messenger::find_receive(int source, std::uint32_t receiving) {
  if (receiving == 0) return nullptr;  // what no number was given to
  for (ReceiveRequest& request : receives_) {
    if (request.number == receiving && request.received.source == source) return &request;
  }
  return nullptr;
}

// Memory that the sender may still put to stays registered until it says that nothing is on its way
// any more, or is lost: a put to memory that is not registered would end the connection.
void Messenger::forget(ReceiveRequest* request) {
  matching_.withdraw(request);
  if (!request->outcome.done && request->number != 0)
    tell_given_up(request->received.source, {request->sending, Side::sender});
  if (request->outcome.done) release_memory(*request);
  request->outcome.fail_with(ErrorCode::timeout, "given up");
  request->forgotten = true;
  --active;
  sweep_receives();
}

void Messenger::sweep_receives() {
  std::erase_if(receives_, [this](ReceiveRequest& request) {
    if (!request.forgotten) return false;
    const bool lost = request.number != 0 &&
                      !peers_[static_cast<std::size_t>(request.received.source)].lost.empty();
    if (request.registered.bytes > 0 && !request.finished && !lost) return false;
    release_memory(request);
    return true;
  });
}

}  // namespace weft::p2p
