#include "transport.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>

namespace weft::ucx {

using transport::LocalMemory;
using transport::MemoryKey;
using transport::RemoteMemory;
using transport::Status;

Transport::Transport(const transport::OpenOptions& options, std::size_t queue)
    : options_(options),
      queue_(queue),
      worker_(options.wakes),
      peers_(static_cast<std::size_t>(options.size)) {
  if (!worker_.status().ok()) return;
  worker_.listen(on_message, this);
  std::random_device random;
  cookie_ = std::uint64_t{random()} << 32 | random();
  AddressHead head;
  head.cookie = cookie_;
  const std::vector<std::byte> own = worker_.address();
  address_.resize(sizeof(head) + own.size());
  std::memcpy(address_.data(), &head, sizeof(head));
  std::memcpy(address_.data() + sizeof(head), own.data(), own.size());
  for (int rank = 0; rank < options.size; ++rank) {
    Peer& peer = peers_[static_cast<std::size_t>(rank)];
    peer.transport = this;
    peer.rank = rank;
  }
}

Transport::~Transport() {
  if (worker_.status().ok()) close_endpoints();
}

// What was posted arrives although this rank goes: its peers may wait for it. Bounded, for peers
// that take nothing.
void Transport::close_endpoints() {
  closing_ = true;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  const auto until = [&](const auto& condition) {
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      if (progress() == 0) sched_yield();
    }
  };
  // A bye comes after the bytes: those that a peer is still fetching when it comes would be
  // dropped.
  const auto has_all = [&](Peer& peer) {
    if (peer.outstanding > 0) return false;
    if (peer.endpoint == nullptr || peer.told || peer.closed || !peer.failure.ok()) return true;
    peer.told = true;
    greet(peer, Kind::bye);
    return peer.outstanding == 0;
  };
  until([&] {
    return std::ranges::count_if(peers_, has_all) == static_cast<std::ptrdiff_t>(peers_.size());
  });
  std::vector<void*> closing;
  for (Peer& peer : peers_) {
    if (peer.endpoint == nullptr) continue;
    ucp_request_param_t param{};
    param.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS;
    // One that failed, or that still holds messages, is cut off.
    param.flags = peer.failure.ok() && peer.outstanding == 0 ? 0 : UCP_EP_CLOSE_FLAG_FORCE;
    void* request = ucp_ep_close_nbx(peer.endpoint, &param);
    peer.endpoint = nullptr;
    if (UCS_PTR_IS_PTR(request)) closing.push_back(request);
  }
  until([&] {
    return std::ranges::all_of(
        closing, [](void* request) { return ucp_request_check_status(request) != UCS_INPROGRESS; });
  });
  for (void* request : closing) ucp_request_free(request);
}

transport::Capabilities Transport::capabilities() const {
  transport::Capabilities result;
  result.ordered = true;
  result.get = true;
  result.blocking_wait_fd = worker_.descriptor();
  // Of TCP: where there are better ways, a transport for them is used.
  result.cost = {.latency_ns = 6000,
                 .message_ns = 3500,
                 .processor_ns_per_byte = 0.3F,
                 .wire_ns_per_byte = 0.3F};
  return result;
}

Status Transport::connect(int rank, std::span<const std::byte> address) {
  AddressHead head;
  if (address.size() > sizeof(head)) std::memcpy(&head, address.data(), sizeof(head));
  if (address.size() <= sizeof(head) || head.magic != kMagic)
    return Status::error(ErrorCode::unsupported, "not an address of this transport");
  Peer& peer = peers_[static_cast<std::size_t>(rank)];
  if (rank == options_.rank) {
    peer.known = peer.heard = true;
    return {};
  }
  ucp_ep_params_t param{};
  param.field_mask = UCP_EP_PARAM_FIELD_REMOTE_ADDRESS | UCP_EP_PARAM_FIELD_ERR_HANDLING_MODE |
                     UCP_EP_PARAM_FIELD_ERR_HANDLER;
  param.address = reinterpret_cast<const ucp_address_t*>(address.data() + sizeof(head));
  param.err_mode = UCP_ERR_HANDLING_MODE_PEER;
  param.err_handler = {on_error, &peer};
  const ucs_status_t status = ucp_ep_create(worker_.handle(), &param, &peer.endpoint);
  if (status != UCS_OK) {
    peer.endpoint = nullptr;
    return Status::error(
        ErrorCode::unsupported,
        fmt::format("UCX finds no way to peer {}: {}; UCX_TLS and UCX_NET_DEVICES choose among "
                    "what `ucx_info -d` lists",
                    rank, ucs_status_string(status))
            .c_str());
  }
  peer.known = true;
  peer.cookie = head.cookie;
  peer.ours = ++connections_;
  numbers_[peer.cookie] = rank;
  greet(peer, Kind::hello);
  return {};
}

bool Transport::connected(int rank) const {
  const Peer& peer = peers_[static_cast<std::size_t>(rank)];
  return peer.known && peer.heard && peer.failure.ok();
}

void Transport::disconnect(int number) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  if (peer.endpoint != nullptr && peer.failure.ok() && !peer.closed) greet(peer, Kind::bye);
  if (!peer.lost.empty() && peer.failure.ok()) --losses_;
  peer.known = false;  // whatever comes of it now is ignored
  drop_work(number);
  if (peer.endpoint != nullptr) cut_off(peer);
  if (const auto name = numbers_.find(peer.cookie); name != numbers_.end() && name->second == number)
    numbers_.erase(name);
  peer = {};
  peer.transport = this;
  peer.rank = number;
}

void Transport::drop_work(int number) {
  const auto of_peer = [&](const auto& entry) { return entry.peer == number; };
  for (Operation& operation : operations_) {
    if (of_peer(operation)) operation.completed = nullptr;
  }
  std::erase_if(gets_, [&](const auto& get) { return get.source.peer == number; });
  std::erase_if(asked_, [&](const auto& entry) { return of_peer(entry.second); });
  std::erase_if(answers_, of_peer);
  std::erase(to_greet_, number);
}

// Closes the endpoint by force and waits for UCP to give back what was under way over it.
void Transport::cut_off(Peer& peer) {
  ucp_request_param_t param{};
  param.op_attr_mask = UCP_OP_ATTR_FIELD_FLAGS;
  param.flags = UCP_EP_CLOSE_FLAG_FORCE;
  void* request = ucp_ep_close_nbx(peer.endpoint, &param);
  const auto closed = [&] {
    return !UCS_PTR_IS_PTR(request) || ucp_request_check_status(request) != UCS_INPROGRESS;
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while ((peer.outstanding > 0 || !closed()) && std::chrono::steady_clock::now() < deadline) {
    if (!worker_.progress()) sched_yield();
  }
  if (UCS_PTR_IS_PTR(request)) ucp_request_free(request);
  if (peer.outstanding == 0) return;
  for (Operation& operation : operations_) {
    if (operation.peer == peer.rank) operation.peer = -1;
  }
}

Status Transport::allocate(std::size_t bytes, LocalMemory* out) {
  std::byte* address = transport::map_zeroed(bytes);
  if (address == nullptr) return Status::error(ErrorCode::no_resources, "out of memory");
  const std::uint32_t number = memories_.add(address, transport::whole_pages(bytes), true);
  transport::describe_memory(memories_.key(number), address, number, out);
  return {};
}

// UCP registers by itself what its protocols need, and keeps that as long as it is mapped.
Status Transport::register_memory(void* address, std::size_t bytes, LocalMemory* out) {
  if (address == nullptr || bytes == 0)
    return Status::error(ErrorCode::invalid_argument, "no memory to register");
  auto* begin = static_cast<std::byte*>(address);
  const std::uint32_t number = memories_.add(begin, bytes, false);
  transport::describe_memory(memories_.key(number), begin, number, out);
  return {};
}

void Transport::release(const LocalMemory& memory) {
  memories_.remove(static_cast<std::uint32_t>(memory.handle));
}

Status Transport::import_memory(int rank, const MemoryKey& key, RemoteMemory* out) {
  return imports_.import(rank, key, out);
}

void Transport::release(const RemoteMemory& memory) { imports_.release(memory); }

int Transport::progress() {
  constexpr int kMost = 16;
  int events = 0;
  while (events < kMost && worker_.progress()) ++events;
  if (!to_greet_.empty()) events += send_greetings();
  if (!gets_.empty()) events += send_gets();
  if (!answers_.empty()) events += send_answers();
  if (losses_ > 0) events += report_losses();
  return events;
}

void Transport::arm() {
  if (worker_.descriptor() >= 0) worker_.arm();
}

}  // namespace weft::ucx
