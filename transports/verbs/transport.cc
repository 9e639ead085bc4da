#include "transport.h"

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/populate.h"
#include "mail.h"

namespace weft::verbs {

using transport::LocalMemory;
using transport::MemoryKey;
using transport::RemoteMemory;
using transport::Status;

namespace {

// Peers beyond these are served by SENDs alone, so that polling and memory stay bounded.
constexpr int kMaxCorrespondents = 32;
constexpr std::uint32_t kMaxMailSlots = 32;

std::vector<ibv_gid> gids_of(std::span<const std::unique_ptr<Rail>> rails) {
  std::vector<ibv_gid> gids;
  for (const auto& rail : rails) {
    if (rail->device().gid_index >= 0) gids.push_back(rail->device().gid);
  }
  return gids;
}

// Where a signal is polled behind what was written, its device must not place that at its leisure.
Placement placement_of(std::span<const std::unique_ptr<Rail>> rails) {
  return rails.size() == 1 && rails[0]->in_order() ? Placement::strict : Placement::relaxed;
}

}  // namespace

Transport::Transport(const transport::OpenOptions& options, const Settings& settings,
                     std::vector<std::unique_ptr<Rail>> rails)
    : options_(options),
      settings_(settings),
      rails_(std::move(rails)),
      registrations_(rails_, placement_of(rails_)),
      regions_(registrations_),
      peers_(static_cast<std::size_t>(options.size)) {
  // Mail raises no completion that could wake anybody.
  if (!options.wakes) {
    mail_slots_ = std::clamp(settings_.limits.receives, 2u, kMaxMailSlots);
    inboxes_left_ = kMaxCorrespondents;
  }
  ControlListener& listener = *this;
  control_ = std::make_unique<Control>(options.size, gids_of(rails_), listener);
  status_ = control_->status();
  control_->describe(&address_);
  address_.job = options.job;
  address_.rails = static_cast<std::uint8_t>(rails_.size());
  address_.link_layer = rails_[0]->device().attributes.link_layer;
  if (options.wakes) open_wait_descriptor();
  if (options_.log == nullptr) return;
  for (const auto& rail : rails_)
    options_.log(options_.context, ("verbs: " + rail->device().choice).c_str());
}

Transport::~Transport() {
  flush_all();
  control_.reset();
  for (Peer& p : peers_) {
    for (int i = 0; i < p.lanes; ++i) forget_lane(p, i);
    close_desk(p);
  }
  if (wait_fd_ >= 0) ::close(wait_fd_);
}

// What was posted arrives although this rank goes: its peers may wait for it. Bounded, and a dead
// peer's work requests fail before that.
void Transport::flush_all() {
  const auto outstanding = [&] {
    return std::ranges::any_of(peers_, [](const Peer& p) {
      return std::ranges::any_of(p.lane, [](const Lane& l) { return l.completed < l.posted; });
    });
  };
  for (Peer& p : peers_) {
    for (const int number : p.active) {
      Lane& lane = p.lane[static_cast<std::size_t>(number)];
      if (!p.failure.ok() || lane.signaled == lane.posted || lane.room() < 1) continue;
      Chain chain;
      chain.add(lane, IBV_WR_RDMA_WRITE);  // of nothing, for its completion
      chain.complete();
      if (!post_now(p, number, chain)) break;
    }
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
  // Of a current card; a rail of 100 Gb/s moves a byte in 0.08 ns.
  result.cost = {
      .latency_ns = 1100,
      .message_ns = 150,
      .wire_ns_per_byte = 0.08F / static_cast<float>(std::max<std::size_t>(rails_.size(), 1))};
  for (const auto& rail : rails_)
    result.max_message =
        std::min<std::uint64_t>(result.max_message, rail->device().attributes.max_msg_sz);
  if (settings_.max_message > 0)
    result.max_message = std::min(result.max_message, settings_.max_message);
  result.blocking_wait_fd = wait_fd_;
  return result;
}

Status Transport::connect(int number, std::span<const std::byte> address) {
  Address theirs;
  if (address.size() == sizeof(theirs)) std::memcpy(&theirs, address.data(), sizeof(theirs));
  if (address.size() != sizeof(theirs) || theirs.magic != kMagic ||
      theirs.hosts > theirs.host.size() || theirs.rails == 0)
    return Status::error(ErrorCode::unsupported, "not an address of this transport");
  if (Status status = transport::check_job(options_.job, theirs.job); !status.ok()) return status;
  if (theirs.link_layer != address_.link_layer)
    return Status::error(ErrorCode::unsupported, "one side is InfiniBand, the other Ethernet");
  Peer& p = peer(number);
  p.lanes = std::min<int>(address_.rails, theirs.rails);
  if (number != options_.rank) {
    if (!p.known) ++known_;
    control_->connect(number, theirs);
  }
  p.known = true;
  return {};
}

bool Transport::connected(int number) const {
  const Peer& p = peers_[static_cast<std::size_t>(number)];
  return p.known && p.failure.ok() && (number == options_.rank || control_->connected(number));
}

void Transport::disconnect(int number) {
  Peer& p = peer(number);
  if (p.known && p.failure.ok() && number != options_.rank) {
    Frame leave;
    leave.message = Message::leave;
    control_->send(number, leave);
    end(number);
  }
  std::erase_if(gets_, [&](const auto& get) { return get.source.peer == number; });
  p = {};
}

// Before memory becomes a region.
Status Transport::check_region(std::size_t bytes) const {
  if (bytes >> Spot::kOffsetBits != 0)
    return Status::error(ErrorCode::no_resources, "1 TiB and more in one registration");
  if (regions_.full())
    return Status::error(ErrorCode::no_resources, "too many registrations: release some");
  return {};
}

Status Transport::allocate(std::size_t bytes, LocalMemory* out) {
  if (const Status status = check_region(bytes); !status.ok()) return status;
  const std::size_t length = transport::whole_pages(bytes);
  std::byte* address = nullptr;
  Status status = map_populated(length, &address);
  if (!status.ok()) return status;
  Registration* registration = nullptr;
  status = registrations_.acquire(address, length, &registration);
  if (!status.ok()) {
    munmap(address, length);
    return status;
  }
  describe(regions_.add(address, length, registration, true), out);
  return {};
}

Status Transport::register_memory(void* address, std::size_t bytes, LocalMemory* out) {
  if (address == nullptr || bytes == 0)
    return Status::error(ErrorCode::invalid_argument, "no memory to register");
  if (const Status status = check_region(bytes); !status.ok()) return status;
  Registration* registration = nullptr;
  const Status status = registrations_.acquire(address, bytes, &registration);
  if (!status.ok()) return status;
  describe(regions_.add(static_cast<std::byte*>(address), bytes, registration, false), out);
  return {};
}

Status Transport::register_dmabuf(int fd, std::uint64_t offset, void* address, std::size_t bytes,
                                  LocalMemory* out) {
  if (fd < 0 || bytes == 0)
    return Status::error(ErrorCode::invalid_argument, "no dma-buf to register");
  if (const Status status = check_region(bytes); !status.ok()) return status;
  Registration* registration = nullptr;
  const Status status = registrations_.acquire_dmabuf({fd, offset}, address, bytes, &registration);
  if (!status.ok()) return status;
  describe(regions_.add(static_cast<std::byte*>(address), bytes, registration, false), out);
  return {};
}

void Transport::describe(std::uint32_t number, LocalMemory* out) const {
  const Region& region = regions_[number];
  Key key;
  key.region = number;
  key.generation = region.generation;
  key.device = region.registration->device ? 1 : 0;
  key.address = reinterpret_cast<std::uint64_t>(region.address);
  key.bytes = region.bytes;
  for (std::size_t i = 0; i < rails_.size(); ++i)
    key.rkeys[i] = region.registration->handles[i]->rkey;
  transport::describe_memory(key, region.address, number, out);
}

void Transport::release(const LocalMemory& memory) {
  regions_.remove(static_cast<std::uint32_t>(memory.handle));
}

Status Transport::import_memory(int number, const MemoryKey& key, RemoteMemory* out) {
  return imports_.import(number, key, out);
}

void Transport::release(const RemoteMemory& memory) { imports_.release(memory); }

}  // namespace weft::verbs
