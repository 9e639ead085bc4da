// One device of a rank, and its queues: what the queue pairs to all peers share there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "device.h"
#include "queue_pair.h"

namespace weft::verbs {

// What a SEND may carry: a record, and the payload of a put that is not worth an RDMA WRITE of its
// own.
inline constexpr std::size_t kReceiveBytes = 4096 + 64;
inline constexpr std::size_t kStagedBytes = 64 << 10;
inline constexpr std::uint32_t kSpareReceives = 4;  // of each peer, for credits on their way

class Rail {
 public:
  // Queues for `others` peers. `wakes`: completions raise channel().
  Rail(std::unique_ptr<Device> device, const QueueLimits& limits, int others, bool wakes);
  ~Rail();
  Rail(const Rail&) = delete;
  Rail& operator=(const Rail&) = delete;

  // Not ok where the device lacks something.
  const transport::Status& status() const { return status_; }
  const Device& device() const { return *device_; }
  const std::string& name() const { return device_->name; }
  ibv_cq* sends() const { return send_queue_.get(); }
  ibv_cq* arrivals() const { return receive_queue_.get(); }
  // A queue pair in the state INIT for a peer. Not ok with a text that says what to do.
  transport::Status make_queue_pair(QueuePair* out);
  ibv_comp_channel* channel() const { return channel_.get(); }
  // SENDs that each peer may have on their way here.
  std::uint32_t peer_credits() const { return peer_credits_; }
  // What is written over one queue pair becomes visible in the order it was written.
  bool in_order() const { return in_order_; }

  // The port stayed down, or the device is away: no new queue pairs. Empty: it works.
  const std::string& trouble() const { return trouble_; }
  void give_up(const std::string& why) { trouble_ = why; }
  // The port went down and may come back; what is on its way is sent again meanwhile.
  void port_down(std::int64_t now_ns) {
    if (!down()) down_since_ns_ = now_ns;
  }
  void port_up() {
    down_since_ns_ = -1;
    trouble_.clear();
  }
  bool down() const { return down_since_ns_ >= 0; }
  bool down_for(std::int64_t grace_ns, std::int64_t now_ns) const {
    return down() && now_ns - down_since_ns_ >= grace_ns;
  }

  const std::byte* arrival(int slot) const {
    return buffers_ + static_cast<std::size_t>(slot) * kReceiveBytes;
  }
  void post_receive(int slot);

  // A place for a copy of what is not registered; -1: all are in use.
  int take_staging();
  void return_staging(int slot) { free_staging_.push_back(slot); }
  std::byte* staging(int slot) const;
  std::uint32_t buffer_key() const { return buffer_region_->lkey; }

  // Whose queue pair it is; -1: of none (any more).
  int peer_of(std::uint32_t queue_pair) const;
  void name_peer(std::uint32_t queue_pair, int peer) { peers_[queue_pair] = peer; }
  void forget(std::uint32_t queue_pair) { peers_.erase(queue_pair); }

 private:
  bool open(int others, bool wakes);
  bool open_buffers(int receives);
  bool try_queue_pair();

  const std::unique_ptr<Device> device_;
  QueueLimits limits_;  // what is known to be too much is asked for once
  transport::Status status_;
  ChannelHandle channel_;
  QueueHandle send_queue_, receive_queue_;
  SharedReceiveHandle receives_;
  std::byte* buffers_ = nullptr;  // receives, then staging
  std::size_t buffer_bytes_ = 0;
  RegionHandle buffer_region_;
  std::vector<int> free_staging_;
  std::uint32_t peer_credits_ = 0;
  bool in_order_ = false;
  std::string trouble_;
  std::int64_t down_since_ns_ = -1;  // -1: the port is up
  std::unordered_map<std::uint32_t, int> peers_;
};

}  // namespace weft::verbs
