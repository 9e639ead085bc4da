// Active messages from peers.
#include <cstring>

#include "transport.h"

namespace weft::ucx {

using transport::SignalOp;

ucs_status_t Transport::on_message(void* self, const void* header, std::size_t header_bytes,
                                   void* data, std::size_t bytes,
                                   const ucp_am_recv_param_t* param) {
  Header copy;
  if (header_bytes != sizeof(copy)) return UCS_OK;
  std::memcpy(&copy, header, sizeof(copy));
  const bool fetch = (param->recv_attr & UCP_AM_RECV_ATTR_FLAG_RNDV) != 0;
  return static_cast<Transport*>(self)->take(copy, data, bytes, fetch);
}

// Where the bytes of a put or an answer go; null where there is no such place. *completed is what
// to raise when they are there.
std::byte* Transport::place_of(const Header& header, std::size_t bytes, std::uint64_t** completed) {
  if (header.kind == Kind::put) return memories_.locate(header.target, bytes);
  const auto asked = asked_.find(header.token);
  if (asked == asked_.end() || asked->second.get.bytes != bytes) return nullptr;
  *completed = asked->second.get.completed;
  auto* destination = static_cast<std::byte*>(asked->second.get.destination);
  asked_.erase(asked);
  return destination;
}

// A stranger's is ignored: it answers the hello of connect().
void Transport::take_greeting(const Header& header) {
  const auto found = lines_.find(header.link);
  if (found == lines_.end()) return;
  Line& line = found->second;
  const bool closes = header.kind != Kind::hello && header.token != 0;
  if (closes) give_up(line);
  if (line.number < 0) return;
  Peer& peer = peers_[static_cast<std::size_t>(line.number)];
  const std::uint64_t theirs = header.value;
  if (!peer.failure.ok() || theirs < peer.theirs) return;
  const bool other = theirs != peer.theirs;
  // One that has not connected yet may still do so, over an endpoint that it has not closed.
  const bool ends = closes || (peer.heard && (other || header.kind == Kind::leave));
  if (ends) {
    peer.closed = true;
    lose(peer,
         header.kind == Kind::bye ? "it has closed its transport" : "it has ended the connection");
    return;
  }
  if (header.kind != Kind::hello) {
    peer.link = 0;
    return;
  }
  if (other) {
    peer.theirs = theirs;
    peer.as_sender = header.sender;
    peer.link = link_part(cookie_, peer.ours) ^ link_part(peer.cookie, theirs);
    to_greet_.push_back(peer.rank);
  }
  if (header.target.offset == peer.ours) peer.heard = true;
}

ucs_status_t Transport::take(const Header& header, void* data, std::size_t bytes, bool fetch) {
  if (header.kind <= Kind::bye) {
    take_greeting(header);
    return UCS_OK;
  }
  if (header.sender >= peers_.size()) return UCS_OK;
  Peer& peer = peers_[header.sender];
  if (header.link == 0 || peer.link != header.link || !peer.failure.ok()) return UCS_OK;
  peer.heard = true;  // else it would not send: its hello is still on its way
  if (header.kind == Kind::request) {
    peer.answers.push_back(header);
    wait_for_room(peer);
    return UCS_OK;
  }
  std::uint64_t* completed = nullptr;
  std::byte* place = bytes > 0 ? place_of(header, bytes, &completed) : nullptr;
  if (bytes > 0 && place == nullptr) {
    lose(peer, "it named memory that is not registered here");
    return UCS_OK;
  }
  if (!fetch) {
    if (bytes > 0) std::memcpy(place, data, bytes);
    if (completed != nullptr) ++*completed;
    if (header.kind == Kind::put) placed(peer, header);
    return UCS_OK;
  }
  Operation* operation = this->operation(peer.rank, header.kind);
  operation->header = header;
  operation->completed = completed;
  ++peer.outstanding;
  ucp_request_param_t param{};
  param.op_attr_mask =
      UCP_OP_ATTR_FIELD_CALLBACK | UCP_OP_ATTR_FIELD_USER_DATA | UCP_OP_ATTR_FLAG_NO_IMM_CMPL;
  param.cb.recv_am = on_fetched;
  param.user_data = operation;
  void* request = ucp_am_recv_data_nbx(worker_.handle(), data, place, bytes, &param);
  if (UCS_PTR_IS_ERR(request)) {
    finish(operation, false);
    lose(peer, ucs_status_string(UCS_PTR_STATUS(request)));
  }
  return UCS_INPROGRESS;
}

void Transport::on_fetched(void* request, ucs_status_t status, std::size_t, void* user) {
  auto* operation = static_cast<Operation*>(user);
  Transport& self = *operation->transport;
  const int number = operation->peer;
  const Header header = operation->header;
  self.finish(operation, status == UCS_OK);
  ucp_request_free(request);
  if (number < 0) return;
  Peer& peer = self.peers_[static_cast<std::size_t>(number)];
  if (status != UCS_OK) {
    self.lose(peer, ucs_status_string(status));
  } else if (header.kind == Kind::put && peer.known && peer.failure.ok()) {
    self.placed(peer, header);
  }
}

// A put's bytes are there. Signals are applied in the order of the puts.
void Transport::placed(Peer& peer, const Header& header) {
  if (header.number != peer.applied) {
    peer.waiting[header.number] = header;
    return;
  }
  apply(peer, header);
  ++peer.applied;
  for (auto next = peer.waiting.find(peer.applied); next != peer.waiting.end();
       next = peer.waiting.find(peer.applied)) {
    apply(peer, next->second);
    peer.waiting.erase(next);
    ++peer.applied;
  }
}

// False where it names what it may not.
bool Transport::apply(Peer& peer, const Header& header) {
  const auto op = static_cast<SignalOp>(header.signal);
  if (op == SignalOp::none) return true;
  std::byte* word = memories_.locate(header.word, sizeof(std::uint64_t));
  if (word == nullptr || header.word.offset % 8 != 0) {
    if (peer.rank != options_.rank) lose(peer, "it named memory that is not registered here");
    return false;
  }
  transport::change_word(word, op, header.value);
  return true;
}

}  // namespace weft::ucx
