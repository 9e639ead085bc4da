// Puts and gets become active messages.
#include <cstring>
#include <utility>

#include "transport.h"

namespace weft::ucx {

using transport::Get;
using transport::Put;
using transport::queue_full;
using transport::SignalOp;
using transport::Status;

Spot Transport::spot_of(const transport::RemoteMemory& memory, std::uint64_t offset) const {
  const Key& key = imports_[memory];
  return {key.memory, key.generation, offset};
}

// To this rank itself.
Status Transport::put_here(const Put& put) {
  if (put.bytes > 0) {
    std::byte* target = memories_.locate(spot_of(*put.target, put.target_offset), put.bytes);
    if (target == nullptr) return Status::error(ErrorCode::invalid_argument, "released memory");
    std::memmove(target, put.source, put.bytes);
  }
  if (put.signal != SignalOp::none) {
    Header header;
    header.signal = static_cast<std::uint8_t>(put.signal);
    header.word = spot_of(*put.signal_memory, put.signal_offset);
    header.value = put.signal_value;
    if (!apply(peers_[static_cast<std::size_t>(options_.rank)], header))
      return Status::error(ErrorCode::invalid_argument, "released memory");
  }
  if (put.completed != nullptr) ++*put.completed;
  return {};
}

Transport::Operation* Transport::operation(int rank, Kind kind) {
  if (free_operations_.empty()) free_operations_.push_back(&operations_.emplace_back());
  Operation* operation = free_operations_.back();
  free_operations_.pop_back();
  *operation = {};
  operation->transport = this;
  operation->peer = rank;
  const Peer& peer = peers_[static_cast<std::size_t>(rank)];
  operation->header.link = peer.link;
  operation->header.sender = peer.as_sender;
  operation->header.kind = kind;
  return operation;
}

// `closes`: the endpoint too.
void Transport::greet(Peer& peer, Kind kind, bool closes) {
  Operation* operation = this->operation(peer.rank, kind);
  Header& header = operation->header;
  header.link = cookie_;
  header.sender = static_cast<std::uint32_t>(peer.rank);
  header.value = peer.ours;
  header.target.offset = peer.theirs;
  header.token = closes ? 1 : 0;
  send(operation, nullptr, 0);
}

// Not from the callback that heard of them: UCP may be in the middle of something.
int Transport::send_greetings() {
  const std::vector<int> all = std::exchange(to_greet_, {});
  for (const int number : all) {
    Peer& peer = peers_[static_cast<std::size_t>(number)];
    if (peer.endpoint != nullptr && peer.failure.ok()) greet(peer, Kind::hello);
  }
  return static_cast<int>(all.size());
}

void Transport::finish(Operation* operation, bool raise) {
  const int number = std::exchange(operation->peer, -1);
  if (number >= 0) --peers_[static_cast<std::size_t>(number)].outstanding;
  if (raise && operation->completed != nullptr) ++*operation->completed;
  free_operations_.push_back(operation);
}

void Transport::on_sent(void* request, ucs_status_t status, void* user) {
  auto* operation = static_cast<Operation*>(user);
  Transport& self = *operation->transport;
  const int number = operation->peer;
  self.finish(operation, status == UCS_OK);
  ucp_request_free(request);
  if (status != UCS_OK && number >= 0)
    self.lose(self.peers_[static_cast<std::size_t>(number)], ucs_status_string(status));
}

// False where the peer is lost.
bool Transport::send(Operation* operation, const void* data, std::size_t bytes) {
  Peer& peer = peers_[static_cast<std::size_t>(operation->peer)];
  ucp_request_param_t param{};
  param.op_attr_mask = UCP_OP_ATTR_FIELD_CALLBACK | UCP_OP_ATTR_FIELD_USER_DATA;
  param.cb.send = on_sent;
  param.user_data = operation;
  ++peer.outstanding;
  void* request = ucp_am_send_nbx(peer.endpoint, 0, &operation->header, sizeof(operation->header),
                                  data, bytes, &param);
  if (UCS_PTR_IS_PTR(request)) return true;
  const ucs_status_t status = UCS_PTR_STATUS(request);
  finish(operation, status == UCS_OK);
  if (status == UCS_OK) return true;
  lose(peer, ucs_status_string(status));
  return false;
}

Status Transport::put(std::span<const Put> puts, std::size_t* posted) {
  *posted = 0;
  for (const Put& put : puts) {
    int rank = -1;
    if (const char* fault = transport::fault_of(put, &rank))
      return Status::error(ErrorCode::invalid_argument, fault);
    Peer& peer = peers_[static_cast<std::size_t>(rank)];
    if (losses_ > 0) report_losses();
    if (!peer.failure.ok()) return peer.failure;
    if (rank == options_.rank) {
      if (const Status status = put_here(put); !status.ok()) return status;
      ++*posted;
      continue;
    }
    if (!has_room(peer)) return queue_full();
    Operation* operation = this->operation(rank, Kind::put);
    operation->completed = put.completed;
    Header& header = operation->header;
    header.number = peer.sent++;
    header.signal = static_cast<std::uint8_t>(put.signal);
    header.value = put.signal_value;
    if (put.bytes > 0) header.target = spot_of(*put.target, put.target_offset);
    if (put.signal != SignalOp::none) header.word = spot_of(*put.signal_memory, put.signal_offset);
    if (!send(operation, put.source, put.bytes)) {
      report_losses();
      return peer.failure;
    }
    ++*posted;
  }
  return {};
}

Status Transport::get(std::span<const Get> gets) {
  for (const Get& get : gets) {
    if (const char* fault = transport::fault_of(get))
      return Status::error(ErrorCode::invalid_argument, fault);
    const transport::RemoteMemory& source = *get.source;
    Peer& peer = peers_[static_cast<std::size_t>(source.peer)];
    if (!peer.failure.ok()) return peer.failure;
    if (source.peer == options_.rank) {
      const std::byte* from = memories_.locate(spot_of(source, get.source_offset), get.bytes);
      if (from == nullptr) return Status::error(ErrorCode::invalid_argument, "released memory");
      std::memmove(get.destination, from, get.bytes);
    }
    if (source.peer == options_.rank || get.bytes == 0) {
      if (get.completed != nullptr) ++*get.completed;
    } else {
      peer.gets.push_back({get, spot_of(source, get.source_offset)});
      wait_for_room(peer);
    }
  }
  send_waiting();
  return {};
}

void Transport::wait_for_room(Peer& peer) {
  if (std::exchange(peer.waits, true)) return;
  waiting_.push_back(peer.rank);
}

void Transport::send_get(Peer& peer, const WaitingGet& waiting) {
  Operation* operation = this->operation(peer.rank, Kind::request);
  operation->header.target = waiting.source;
  operation->header.value = waiting.get.bytes;
  operation->header.token = next_token_++;
  asked_[operation->header.token] = {peer.rank, waiting.get};
  send(operation, nullptr, 0);
}

void Transport::send_answer(Peer& peer, const Header& request) {
  const std::size_t bytes = request.value;
  const std::byte* from = memories_.locate(request.target, bytes);
  if (from == nullptr) {
    lose(peer, "it named memory that is not registered here");
    return;
  }
  Operation* operation = this->operation(peer.rank, Kind::answer);
  operation->header.token = request.token;
  send(operation, from, bytes);
}

// Whether anything was sent. Nothing waits for a peer that failed: that was reported.
bool Transport::send_waiting(Peer& peer) {
  if (!peer.failure.ok() || peer.endpoint == nullptr) {
    peer.gets.clear();
    peer.answers.clear();
  }
  const std::size_t before = peer.gets.size() + peer.answers.size();
  for (; !peer.gets.empty() && has_room(peer); peer.gets.pop_front())
    send_get(peer, peer.gets.front());
  for (; !peer.answers.empty() && has_room(peer); peer.answers.pop_front())
    send_answer(peer, peer.answers.front());
  return peer.gets.size() + peer.answers.size() < before;
}

int Transport::send_waiting() {
  int events = 0;
  std::erase_if(waiting_, [&](int number) {
    Peer& peer = peers_[static_cast<std::size_t>(number)];
    events += send_waiting(peer) ? 1 : 0;
    peer.waits = !peer.gets.empty() || !peer.answers.empty();
    return !peer.waits;
  });
  return events;
}

}  // namespace weft::ucx
