// A transport that wraps another one and misbehaves by rule. For tests: it is not part of libweft.
//
// Loads and stores bypass puts, so it hides that memory is mapped: everything goes through put().
#pragma once

#include <weft/transport.h>

#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <unordered_map>
#include <vector>

namespace weft::transport {

// What goes wrong; nothing by default.
struct FaultRules {
  // The nth put (1: the first) to `peer` is refused by put() with this status; final for the peer.
  struct Refusal {
    int peer = 0;
    std::uint64_t nth = 1;
    Status status;
  };
  // After `puts` puts to it, `peer` is reported as failed by progress(); final for the peer.
  struct Death {
    int peer = 0;
    std::uint64_t puts = 0;
  };
  std::vector<Refusal> refusals;
  std::vector<Death> deaths;
  // Each put is held back for a random number of progress() calls up to this; puts to one peer keep
  // their order.
  std::uint64_t longest_hold = 0;
  std::uint64_t seed = 1;
};

class FaultyTransport final : public Transport {
 public:
  // Reports its own failures through options.report_failure, which is where `inner` reports its.
  FaultyTransport(Transport& inner, const OpenOptions& options, FaultRules rules);

  Capabilities capabilities() const override;
  std::span<const std::byte> address() const override { return inner_.address(); }
  Status connect(int peer, std::span<const std::byte> address) override {
    return inner_.connect(peer, address);
  }
  bool connected(int peer) const override;
  void disconnect(int peer) override;
  Status allocate(std::size_t bytes, LocalMemory* out) override {
    return inner_.allocate(bytes, out);
  }
  Status register_memory(void* address, std::size_t bytes, LocalMemory* out) override {
    return inner_.register_memory(address, bytes, out);
  }
  Status register_dmabuf(int fd, std::uint64_t offset, void* address, std::size_t bytes,
                         LocalMemory* out) override {
    return inner_.register_dmabuf(fd, offset, address, bytes, out);
  }
  void release(const LocalMemory& memory) override { inner_.release(memory); }
  Status import_memory(int peer, const MemoryKey& key, RemoteMemory* out) override;
  void release(const RemoteMemory& memory) override;
  Status put(std::span<const Put> puts, std::size_t* posted) override;
  Status get(std::span<const Get> gets) override;
  Status copy_private(int peer, std::uint64_t theirs, void* mine, std::size_t bytes,
                      bool write) override {
    return inner_.copy_private(peer, theirs, mine, bytes, write);
  }
  int progress() override;

  // From now on put() takes `puts` more and then has no room.
  void leave_room_for(std::uint64_t puts) { room_ = puts; }

 private:
  // A put whose time has not come. Its memories are the inner transport's.
  struct Held {
    Put put;
    RemoteMemory target;
    RemoteMemory signal_memory;
    std::uint64_t release_at = 0;  // in progress() calls
  };
  struct Peer {
    std::uint64_t puts = 0;
    std::uint64_t last_release = 0;
    Status status;  // not ok once failed
    std::deque<Held> held;
  };

  Status put_one(const Put& put);
  Status hold(Peer& peer, const Put& put);
  Status forward(Held& held);
  int release_due(Peer& peer);
  int report_deaths();
  const RemoteMemory& inner_memory(const RemoteMemory& memory) const;

  Transport& inner_;
  const OpenOptions options_;
  const FaultRules rules_;
  std::minstd_rand random_;
  std::uint64_t calls_ = 0;                 // of progress()
  std::uint64_t room_ = ~std::uint64_t{0};  // puts
  std::uint64_t next_handle_ = 1;
  std::unordered_map<std::uint64_t, RemoteMemory> memories_;
  std::map<int, Peer> peers_;
};

}  // namespace weft::transport
