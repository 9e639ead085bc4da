#include "transport.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace weft::verbs {

using transport::LocalMemory;
using transport::MemoryKey;
using transport::RemoteMemory;
using transport::Status;

namespace {

constexpr std::size_t kPage = 4096;

std::size_t whole_pages(std::size_t bytes) {
  return (std::max<std::size_t>(bytes, 1) + kPage - 1) / kPage * kPage;
}

std::byte* map_zeroed(std::size_t bytes) {
  void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  return base == MAP_FAILED ? nullptr : static_cast<std::byte*>(base);
}

}  // namespace

Transport::Transport(const transport::OpenOptions& options, const Settings& settings,
                     std::unique_ptr<Device> device)
    : options_(options),
      settings_(settings),
      device_(std::move(device)),
      peers_(static_cast<std::size_t>(options.size)) {
  if (!open_queues()) return;
  const ibv_gid* gid = device_->gid_index >= 0 ? &device_->gid : nullptr;
  ControlListener& listener = *this;
  control_ = std::make_unique<Control>(options.rank, options.size, gid, listener);
  status_ = control_->status();
  control_->describe(&address_);
  address_.lid = device_->attributes.lid;
  address_.link_layer = device_->attributes.link_layer;
  if (options_.log != nullptr)
    options_.log(options_.context, ("verbs: " + device_->choice).c_str());
}

Transport::~Transport() {
  flush_all();
  control_.reset();
  peers_.clear();  // queue pairs before their queues
  buffer_region_.reset();
  if (buffers_ != nullptr) munmap(buffers_, buffer_bytes_);
}

// Queues for all peers that there may be; queue pairs come with the first use.
bool Transport::open_queues() {
  const auto refuse = [&](const char* what) {
    status_ = Status::error(
        ErrorCode::no_resources,
        fmt::format("{}: no {}: {}", device_->name, what, std::strerror(errno)).c_str());
    return false;
  };
  const int others = std::max(options_.size - 1, 1);
  const int most = std::min({device_->limits.max_srq_wr, device_->limits.max_cqe, 1 << 16});
  const int wanted = static_cast<int>(settings_.limits.receives);
  peer_credits_ = static_cast<std::uint32_t>(std::clamp(most / others - kSpareReceives, 2, wanted));
  receive_count_ = others * (static_cast<int>(peer_credits_) + kSpareReceives);
  const int sends =
      std::min<int>(others * static_cast<int>(settings_.limits.sends), device_->limits.max_cqe);

  ibv_context* context = device_->context.get();
  const int flags = fcntl(context->async_fd, F_GETFL);
  fcntl(context->async_fd, F_SETFL, flags | O_NONBLOCK);
  send_queue_.reset(ibv_create_cq(context, sends, nullptr, nullptr, 0));
  receive_queue_.reset(ibv_create_cq(context, receive_count_, nullptr, nullptr, 0));
  if (send_queue_ == nullptr || receive_queue_ == nullptr) return refuse("completion queue");
  ibv_srq_init_attr attributes{};
  attributes.attr.max_wr = static_cast<std::uint32_t>(receive_count_);
  attributes.attr.max_sge = 1;
  receives_.reset(ibv_create_srq(device_->domain.get(), &attributes));
  if (receives_ == nullptr) return refuse("shared receive queue");

  buffer_bytes_ = whole_pages(static_cast<std::size_t>(receive_count_) * kReceiveBytes) +
                  kStagingSlots * kStagedBytes;
  buffers_ = map_zeroed(buffer_bytes_);
  if (buffers_ == nullptr) return refuse("memory");
  status_ = register_region(*device_, buffers_, buffer_bytes_, &buffer_region_);
  if (!status_.ok()) return false;
  for (int slot = static_cast<int>(kStagingSlots); slot-- > 0;) free_staging_.push_back(slot);
  for (int i = 0; i < receive_count_; ++i) post_receives(i, 1);
  return true;
}

// What was posted arrives although this rank goes: its peers may wait for it. Bounded, and a dead
// peer's work requests fail before that.
void Transport::flush_all() {
  const auto outstanding = [&] {
    return std::any_of(peers_.begin(), peers_.end(), [](const Peer& p) {
      return p.stage == Stage::ready && p.completed < p.posted;
    });
  };
  for (Peer& peer : peers_) {
    if (peer.stage != Stage::ready || peer.signaled == peer.posted) continue;
    ibv_send_wr last{};  // an empty write, for its completion
    last.opcode = IBV_WR_RDMA_WRITE;
    (void)post(static_cast<int>(&peer - peers_.data()), &last, 1, true);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (outstanding() && std::chrono::steady_clock::now() < deadline) {
    if (progress() == 0) sched_yield();
  }
}

transport::Capabilities Transport::capabilities() const {
  transport::Capabilities result;
  result.ordered = true;
  result.get = true;
  result.inline_bytes = settings_.limits.inline_bytes;
  result.max_message = device_->attributes.max_msg_sz;
  if (settings_.max_message > 0)
    result.max_message = std::min(result.max_message, settings_.max_message);
  return result;
}

Status Transport::connect(int peer, std::span<const std::byte> address) {
  Address theirs;
  if (address.size() == sizeof(theirs)) std::memcpy(&theirs, address.data(), sizeof(theirs));
  if (address.size() != sizeof(theirs) || theirs.magic != kMagic ||
      theirs.rank != static_cast<std::uint32_t>(peer) || theirs.hosts > theirs.host.size())
    return Status::error(ErrorCode::unsupported, "not an address of this transport");
  if (theirs.link_layer != address_.link_layer)
    return Status::error(ErrorCode::unsupported, "one side is InfiniBand, the other Ethernet");
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  if (peer != options_.rank) {
    if (!p.known) ++known_;
    control_->connect(peer, theirs);
  }
  p.known = true;
  return {};
}

bool Transport::connected(int peer) const {
  const Peer& p = peers_[static_cast<std::size_t>(peer)];
  return p.known && p.failure.ok() && (peer == options_.rank || control_->connected(peer));
}

Status Transport::allocate(std::size_t bytes, LocalMemory* out) {
  const std::size_t length = whole_pages(bytes);
  std::byte* address = map_zeroed(length);
  if (address == nullptr) return Status::error(ErrorCode::no_resources, "out of memory");
  RegionHandle handle;
  const Status status = register_region(*device_, address, length, &handle);
  if (!status.ok()) {
    munmap(address, length);
    return status;
  }
  describe(regions_.add(address, length, std::move(handle), true), out);
  return {};
}

Status Transport::register_memory(void* address, std::size_t bytes, LocalMemory* out) {
  if (address == nullptr || bytes == 0)
    return Status::error(ErrorCode::invalid_argument, "no memory to register");
  RegionHandle handle;
  const Status status = register_region(*device_, address, bytes, &handle);
  if (!status.ok()) return status;
  describe(regions_.add(static_cast<std::byte*>(address), bytes, std::move(handle), false), out);
  return {};
}

void Transport::describe(std::uint32_t number, LocalMemory* out) const {
  const Region& region = regions_[number];
  Key key;
  key.rkey = region.handle->rkey;
  key.address = reinterpret_cast<std::uint64_t>(region.address);
  key.bytes = region.bytes;
  key.region = number;
  key.generation = region.generation;
  *out = {};
  out->address = region.address;
  out->bytes = region.bytes;
  out->handle = number;
  out->key.size = sizeof(key);
  std::memcpy(out->key.bytes, &key, sizeof(key));
}

void Transport::release(const LocalMemory& memory) {
  regions_.remove(static_cast<std::uint32_t>(memory.handle));
}

Status Transport::import_memory(int peer, const MemoryKey& key, RemoteMemory* out) {
  Import import;
  if (key.size == sizeof(import.key)) std::memcpy(&import.key, key.bytes, sizeof(import.key));
  if (key.size != sizeof(import.key) || import.key.magic != kMagic)
    return Status::error(ErrorCode::invalid_argument, "not a key of this transport");
  import.used = true;
  auto at = std::find_if(imports_.begin(), imports_.end(), [](const Import& i) { return !i.used; });
  if (at == imports_.end()) at = imports_.emplace(imports_.end());
  *at = import;
  *out = {peer, static_cast<std::uint64_t>(at - imports_.begin()), import.key.bytes, nullptr};
  return {};
}

void Transport::release(const RemoteMemory& memory) { imports_[memory.handle].used = false; }

}  // namespace weft::verbs
