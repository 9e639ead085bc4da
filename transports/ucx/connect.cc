// Connections, and the endpoints that they share one after the other.
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "transport.h"

namespace weft::ucx {

using transport::Status;

ucs_status_t Transport::open_endpoint(Line& line, std::span<const std::byte> worker) {
  ucp_ep_params_t param{};
  param.field_mask = UCP_EP_PARAM_FIELD_REMOTE_ADDRESS | UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE |
                     UCP_EP_PARAM_FIELD_ERR_HANDLER;
  param.address = reinterpret_cast<const ucp_address_t*>(worker.data());
  param.err_mode = UCP_ERR_HANDLING_MODE_PEER;
  param.err_handler = {on_error, &line};
  const ucs_status_t status = ucp_ep_create(worker_.handle(), &param, &line.endpoint);
  if (status != UCS_OK) line.endpoint = nullptr;
  return status;
}

Status Transport::connect(int number, std::span<const std::byte> address) {
  AddressHead head;
  if (address.size() > sizeof(head)) std::memcpy(&head, address.data(), sizeof(head));
  if (address.size() <= sizeof(head) || head.magic != kMagic ||
      head.bytes != address.size() - sizeof(head))
    return Status::error(ErrorCode::unsupported, "not an address of this transport");
  if (Status status = transport::check_job(options_.job, head.job); !status.ok()) return status;
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  if (number == options_.rank) {
    peer.known = peer.heard = true;
    return {};
  }
  drop_broken_lines();
  Line& line = lines_[head.cookie];
  line.transport = this;
  if (line.endpoint == nullptr) {
    const ucs_status_t status = open_endpoint(line, address.subspan(sizeof(head)));
    if (status != UCS_OK) {
      lines_.erase(head.cookie);
      return Status::error(
          ErrorCode::unsupported,
          fmt::format("UCX finds no way to peer {}: {}; UCX_TLS and UCX_NET_DEVICES choose among "
                      "what `ucx_info -d` lists",
                      number, ucs_status_string(status))
              .c_str());
    }
  }
  line.number = number;
  peer.endpoint = line.endpoint;
  peer.known = true;
  peer.cookie = head.cookie;
  peer.ours = ++connections_;
  greet(peer, Kind::hello);
  return {};
}

bool Transport::connected(int number) const {
  const Peer& peer = peers_[static_cast<std::size_t>(number)];
  return peer.known && peer.heard && peer.failure.ok();
}

// The endpoint stays for the next connection to the same transport, unless messages over it still
// read or write memory.
void Transport::disconnect(int number) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  if (peer.endpoint != nullptr) {
    Line& line = lines_[peer.cookie];
    const bool closes = line.broken || holds_memory(number);
    if (!line.broken && !peer.closed) greet(peer, Kind::leave, closes);
    if (!peer.lost.empty() && peer.failure.ok()) --losses_;
    peer.known = false;  // whatever comes of it now is ignored
    peer.link = 0;
    drop_work(number);
    if (closes) cut_off(peer, line);
    for (Operation& operation : operations_) {
      if (operation.peer == number) operation.peer = -1;
    }
    line.number = -1;
    broken_lines_ = broken_lines_ || line.broken;
    if (line.endpoint == nullptr) lines_.erase(peer.cookie);
  }
  peer = {};
  peer.transport = this;
  peer.rank = number;
}

bool Transport::holds_memory(int number) const {
  return std::ranges::any_of(operations_, [&](const Operation& operation) {
    const Kind kind = operation.header.kind;
    return operation.peer == number && (kind == Kind::put || kind == Kind::answer);
  });
}

void Transport::drop_work(int number) {
  const auto of_peer = [&](const auto& entry) { return entry.peer == number; };
  for (Operation& operation : operations_) {
    if (of_peer(operation)) operation.completed = nullptr;
  }
  peers_[static_cast<std::size_t>(number)].gets.clear();
  peers_[static_cast<std::size_t>(number)].answers.clear();
  std::erase(waiting_, number);
  std::erase_if(asked_, [&](const auto& entry) { return of_peer(entry.second); });
  std::erase(to_greet_, number);
}

// The request that UCP makes of it, or null.
void* Transport::close_endpoint(ucp_ep_h endpoint, bool by_force) {
  ucp_request_param_t param{};
  param.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS;
  param.flags = by_force ? UCP_EP_CLOSE_FLAG_FORCE : 0;
  void* request = ucp_ep_close_nbx(endpoint, &param);
  return UCS_PTR_IS_PTR(request) ? request : nullptr;
}

// Closes the endpoint by force and waits for UCP to give back what was under way over it.
void Transport::cut_off(Peer& peer, Line& line) {
  void* request = close_endpoint(std::exchange(line.endpoint, nullptr), true);
  const auto closed = [&] {
    return request == nullptr || ucp_request_check_status(request) != UCS_INPROGRESS;
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while ((peer.outstanding > 0 || !closed()) && std::chrono::steady_clock::now() < deadline) {
    if (!worker_.progress()) sched_yield();
  }
  if (request != nullptr) ucp_request_free(request);
}

// Of those that have no peer: a peer's is closed by disconnect().
int Transport::drop_broken_lines() {
  if (!std::exchange(broken_lines_, false)) return 0;
  return static_cast<int>(std::erase_if(lines_, [](const auto& entry) {
    const Line& line = entry.second;
    if (!line.broken || line.number >= 0) return false;
    if (void* request = close_endpoint(line.endpoint, true)) ucp_request_free(request);
    return true;
  }));
}

// Bounded, for peers that take nothing.
template <typename Condition>
void Transport::progress_until(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (!condition() && std::chrono::steady_clock::now() < deadline) {
    if (progress() == 0) sched_yield();
  }
}

// What was posted arrives although this rank goes: its peers may wait for it. A bye comes after the
// bytes: those that a peer is still fetching when it comes would be dropped.
void Transport::say_bye() {
  const auto has_all = [&](Peer& peer) {
    if (peer.outstanding > 0) return false;
    if (peer.endpoint == nullptr || peer.told || peer.closed || !peer.failure.ok()) return true;
    peer.told = true;
    greet(peer, Kind::bye, true);
    return peer.outstanding == 0;
  };
  progress_until([&] {
    return std::ranges::count_if(peers_, has_all) == static_cast<std::ptrdiff_t>(peers_.size());
  });
}

void Transport::close_endpoints() {
  closing_ = true;
  say_bye();
  std::vector<void*> closing;
  for (auto& [cookie, line] : lines_) {
    const Peer* peer = line.number >= 0 ? &peers_[static_cast<std::size_t>(line.number)] : nullptr;
    // One that failed, that still holds messages, or that has no peer is cut off.
    const bool orderly =
        peer != nullptr && !line.broken && peer->failure.ok() && peer->outstanding == 0;
    if (void* request = close_endpoint(std::exchange(line.endpoint, nullptr), !orderly))
      closing.push_back(request);
  }
  for (Peer& peer : peers_) peer.endpoint = nullptr;
  progress_until([&] {
    return std::ranges::all_of(
        closing, [](void* request) { return ucp_request_check_status(request) != UCS_INPROGRESS; });
  });
  for (void* request : closing) ucp_request_free(request);
}

}  // namespace weft::ucx
