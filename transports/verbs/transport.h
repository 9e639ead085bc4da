// weft over InfiniBand and RoCE: reliable queue pairs of libibverbs.
//
// A put's bytes go by RDMA WRITE; its signal goes by SEND on the same queue pair, behind them, and
// is applied by the receiver's progress(): so no order of placement in memory is assumed of the
// device. A small put is one inline SEND that carries both. Each SEND needs a receive that the peer
// has posted: credits count them, so that the peer's queue never overruns.
#pragma once

#include <weft/transport.h>

#include <array>
#include <unordered_map>

#include "control.h"
#include "queue_pair.h"
#include "regions.h"

namespace weft::verbs {

struct Settings {
  PortWish port;
  QueueLimits limits;
  std::uint64_t max_message = 0;  // 0: the port's
};

class Transport final : public transport::Transport, private ControlListener {
 public:
  Transport(const transport::OpenOptions& options, const Settings& settings,
            std::unique_ptr<Device> device);
  ~Transport() override;

  // Not ok where open() must fail.
  const transport::Status& status() const { return status_; }

  transport::Capabilities capabilities() const override;
  std::span<const std::byte> address() const override {
    return std::as_bytes(std::span(&address_, 1));
  }
  transport::Status connect(int peer, std::span<const std::byte> address) override;
  bool connected(int peer) const override;
  transport::Status allocate(std::size_t bytes, transport::LocalMemory* out) override;
  transport::Status register_memory(void* address, std::size_t bytes,
                                    transport::LocalMemory* out) override;
  void release(const transport::LocalMemory& memory) override;
  transport::Status import_memory(int peer, const transport::MemoryKey& key,
                                  transport::RemoteMemory* out) override;
  void release(const transport::RemoteMemory& memory) override;
  transport::Status put(std::span<const transport::Put> puts, std::size_t* posted) override;
  transport::Status get(std::span<const transport::Get> gets) override;
  int progress() override;

 private:
  static constexpr std::size_t kReceiveBytes = 512;
  static constexpr std::size_t kStagedBytes = 64 << 10;
  static constexpr std::size_t kStagingSlots = 32;
  static constexpr int kSpareReceives = 4;  // for credits on their way

  // What a completed work request sets free.
  struct Pending {
    std::uint64_t last = 0;  // its work request's number
    std::uint64_t* completed = nullptr;
    RegionHandle region;  // registered for it alone
    int staging = -1;
  };
  enum class Stage : std::uint8_t { idle, offered, ready };
  struct Peer {
    bool known = false;  // connect() succeeded
    Stage stage = Stage::idle;
    bool replied = false;  // the peer's queue pair is known
    QueuePair pair;
    std::uint64_t posted = 0;     // work requests so far
    std::uint64_t completed = 0;  // of those
    std::uint64_t signaled = 0;   // the last that will raise a completion
    int awaited = 0;              // completions that will come
    std::uint32_t credits = 0;    // SENDs it can take
    std::uint32_t owed = 0;       // receives posted again and not yet told
    std::deque<Pending> pending;
    transport::Status failure;
  };
  // The memory that a work request reads or writes here.
  struct Local {
    std::uint64_t address = 0;
    std::uint32_t key = 0;
    Pending holds;
  };
  class Batch;

  // transport.cc
  bool open_queues();
  void describe(std::uint32_t region, transport::LocalMemory* out) const;
  void flush_all();
  // connect.cc
  void received(int peer, const Frame& frame) override;
  void lost(int peer, const std::string& cause) override;
  bool offer(int peer);
  void take_offer(int peer, const Frame& frame);
  void fail_peer(int peer, ErrorCode code, const std::string& cause, bool report = true);
  // post.cc
  transport::Status put_one(const transport::Put& put, int peer);
  transport::Status put_here(const transport::Put& put);
  transport::Status check(const transport::Put& put, int* peer) const;
  transport::Status borrow(const void* address, std::size_t bytes, bool written, Local* out);
  transport::Status post(int peer, ibv_send_wr* chain, int count, bool completes);
  transport::Status get_one(const transport::Get& get);
  int post_gets();
  bool ready(int peer);
  std::uint32_t room(const Peer& peer) const {
    return peer.pair.sends - static_cast<std::uint32_t>(peer.posted - peer.completed);
  }
  // progress.cc
  int take_receives();
  int take_completions();
  int take_events();
  void apply(int peer, const std::byte* bytes);
  void complete(Peer& peer, std::uint64_t up_to);
  void post_receives(int first, int count);
  void return_credits(int peer);

  const transport::OpenOptions options_;
  const Settings settings_;
  const std::unique_ptr<Device> device_;
  transport::Status status_;
  Address address_;
  QueueHandle send_queue_, receive_queue_;
  SharedReceiveHandle receives_;
  std::byte* buffers_ = nullptr;  // receives, then staging
  std::size_t buffer_bytes_ = 0;
  int receive_count_ = 0;
  std::uint32_t peer_credits_ = 0;
  RegionHandle buffer_region_;
  std::vector<int> free_staging_;
  Regions regions_;
  std::vector<Import> imports_;
  std::vector<Peer> peers_;
  std::unordered_map<std::uint32_t, int> by_number_;
  std::deque<transport::Get> gets_;  // not posted yet
  int connecting_ = 0;               // queue pairs offered and not ready
  int ready_ = 0;                    // peers whose queue pair is
  int known_ = 0;                    // other ranks that may connect
  int awaited_ = 0;                  // completions of work requests that will come
  unsigned idle_ = 0;
  std::unique_ptr<Control> control_;
};

}  // namespace weft::verbs
