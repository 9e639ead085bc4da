// weft over InfiniBand and RoCE: reliable queue pairs of libibverbs.
//
// A put's bytes go by RDMA WRITE; its signal goes behind them in a record that the receiver's
// progress() applies. A record travels through the *eager ring* (eager.h: a WRITE that says itself
// that it has arrived) where it carries all there is to say, or where the device places in order;
// else by SEND on the same queue pair, whose completion says that what was written before is there.
// Credits count slots of the ring and receives, so that no queue overruns. A rank may use several
// devices (rails): a lane is a queue pair over one of them; records are numbered, and applied by
// their numbers.
//
// Peers are in peers.h, what comes from them in arrivals.h, what goes to them in batch.h, and what
// waits for room in backlog.h.
#pragma once

#include <weft/transport.h>

#include <memory>
#include <vector>

#include "arrivals.h"
#include "backlog.h"
#include "context.h"
#include "peers.h"

namespace weft::verbs {

class Transport final : public transport::Transport {
 public:
  // `clock` outlives it.
  Transport(const transport::OpenOptions& options, const Settings& settings,
            std::vector<std::unique_ptr<Rail>> rails, const Clock& clock);
  ~Transport() override;

  // Not ok where open() must fail.
  const transport::Status& status() const { return peers_.status(); }

  transport::Capabilities capabilities() const override;
  std::span<const std::byte> address() const override {
    return std::as_bytes(std::span(&address_, 1));
  }
  transport::Status connect(int peer, std::span<const std::byte> address) override {
    return peers_.connect(peer, address);
  }
  bool connected(int peer) const override { return peers_.connected(peer); }
  void disconnect(int peer) override { peers_.disconnect(peer); }
  transport::Status allocate(std::size_t bytes, transport::LocalMemory* out) override;
  transport::Status register_memory(void* address, std::size_t bytes,
                                    transport::LocalMemory* out) override;
  transport::Status register_dmabuf(int fd, std::uint64_t offset, void* address, std::size_t bytes,
                                    transport::LocalMemory* out) override;
  void release(const transport::LocalMemory& memory) override;
  transport::Status import_memory(int peer, const transport::MemoryKey& key,
                                  transport::RemoteMemory* out) override;
  void release(const transport::RemoteMemory& memory) override;
  transport::Status put(std::span<const transport::Put> puts, std::size_t* posted) override;
  transport::Status get(std::span<const transport::Get> gets) override;
  int progress() override;
  void arm() override;

 private:
  // exports.cc
  transport::Status check_region(std::size_t bytes) const;
  void describe(std::uint32_t region, transport::LocalMemory* out) const;
  // transport.cc
  const char* fault_of(const transport::Put& put, int* peer) const;
  transport::Status put_here(const transport::Put& put);
  void flush_all();
  // look.cc
  int look();
  int take_events();
  void take_event(int rail, const ibv_async_event& event);
  void give_up_rails(std::int64_t now_ns);
  // wait.cc
  void open_wait_descriptor();

  Context context_;
  Peers peers_;
  Arrivals arrivals_;
  Backlog backlog_;
  Address address_;
  unsigned calls_ = 0;  // of progress()
  std::int64_t looked_ns_ = 0, looked_at_devices_ns_ = 0, asked_ns_ = 0;
  int wait_fd_ = -1;  // an epoll of all that wakes this rank; -1: it polls
};

}  // namespace weft::verbs
