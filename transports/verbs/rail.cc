#include "rail.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/populate.h"
#include "base/transport_kit.h"
#include "memory.h"

namespace weft::verbs {

using transport::Status;

namespace {

constexpr std::size_t kStagingSlots = 32;
constexpr int kMostReceives = 8192;  // of all peers: 32 MiB

void make_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

}  // namespace

Rail::Rail(std::unique_ptr<Device> device, const QueueLimits& limits, int others, bool wakes)
    : device_(std::move(device)), limits_(limits) {
  if (!open(others, wakes) && status_.ok()) {
    status_ = Status::error(
        ErrorCode::no_resources,
        fmt::format("{}: no queues: {}", device_->name, std::strerror(errno)).c_str());
  }
}

Rail::~Rail() {
  buffer_region_.reset();
  if (buffers_ != nullptr) munmap(buffers_, buffer_bytes_);
}

// Queues for all peers that there may be; queue pairs come with the first use.
bool Rail::open(int others, bool wakes) {
  const ibv_device_attr& most = device_->limits;
  const int receives = std::min({most.max_srq_wr, most.max_cqe, kMostReceives});
  peer_credits_ = static_cast<std::uint32_t>(std::clamp(
      receives / others - static_cast<int>(kSpareReceives), 2, static_cast<int>(limits_.receives)));
  const int count = others * static_cast<int>(peer_credits_ + kSpareReceives);
  const int sends = std::min<int>(others * static_cast<int>(limits_.sends), most.max_cqe);

  ibv_context* context = device_->context.get();
  make_nonblocking(context->async_fd);
  if (wakes) {
    channel_.reset(ibv_create_comp_channel(context));
    if (channel_ == nullptr) return false;
    make_nonblocking(channel_->fd);
  }
  send_queue_.reset(ibv_create_cq(context, sends, nullptr, channel_.get(), 0));
  receive_queue_.reset(ibv_create_cq(context, count, nullptr, channel_.get(), 0));
  if (send_queue_ == nullptr || receive_queue_ == nullptr) return false;
  ibv_srq_init_attr attributes{};
  attributes.attr.max_wr = static_cast<std::uint32_t>(count);
  attributes.attr.max_sge = 1;
  receives_.reset(ibv_create_srq(device_->domain.get(), &attributes));
  if (receives_ == nullptr) return false;
  return try_queue_pair() && open_buffers(count);
}

bool Rail::open_buffers(int receives) {
  buffer_bytes_ = transport::whole_pages(static_cast<std::size_t>(receives) * kReceiveBytes) +
                  kStagingSlots * kStagedBytes;
  status_ = map_populated(buffer_bytes_, &buffers_);
  if (!status_.ok()) return false;
  status_ = register_region(*device_, buffers_, buffer_bytes_, Placement::strict, Access::all,
                            &buffer_region_);
  if (!status_.ok()) return false;
  for (int slot = static_cast<int>(kStagingSlots); slot-- > 0;) free_staging_.push_back(slot);
  for (int slot = 0; slot < receives; ++slot) post_receive(slot);
  return true;
}

// Made for what it tells: whether there can be any, while there is another transport to fall back
// on, and what it grants.
bool Rail::try_queue_pair() {
  QueuePair probe;
  status_ = make_queue_pair(&probe);
  if (!status_.ok()) return false;
  in_order_ = limits_.in_order >= 0
                  ? limits_.in_order > 0
                  : ibv_query_qp_data_in_order(probe.handle.get(), IBV_WR_RDMA_WRITE, 0) == 1;
  return true;
}

Status Rail::make_queue_pair(QueuePair* out) {
  const SharedQueues queues{send_queue_.get(), receive_queue_.get(), receives_.get()};
  const Status status = create_queue_pair(*device_, limits_, queues, out);
  if (status.ok()) limits_.inline_bytes = out->inline_bytes;
  return status;
}

void Rail::post_receive(int slot) {
  ibv_sge part{reinterpret_cast<std::uint64_t>(arrival(slot)), kReceiveBytes, buffer_key()};
  ibv_recv_wr receive{};
  receive.wr_id = static_cast<std::uint64_t>(slot);
  receive.sg_list = &part;
  receive.num_sge = 1;
  ibv_recv_wr* bad = nullptr;
  (void)ibv_post_srq_recv(receives_.get(), &receive, &bad);
}

int Rail::take_staging() {
  if (free_staging_.empty()) return -1;
  const int slot = free_staging_.back();
  free_staging_.pop_back();
  return slot;
}

std::byte* Rail::staging(int slot) const {
  return buffers_ + buffer_bytes_ - (kStagingSlots - static_cast<std::size_t>(slot)) * kStagedBytes;
}

int Rail::peer_of(std::uint32_t queue_pair) const {
  const auto found = peers_.find(queue_pair);
  return found == peers_.end() ? -1 : found->second;
}

}  // namespace weft::verbs
