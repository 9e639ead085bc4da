// The shared-memory transport: every peer's memory is mapped, so puts are copies and signals are
// stores.
#pragma once

#include "liveness.h"
#include "private_memory.h"
#include "segment.h"

#include <weft/transport.h>

#include <map>
#include <optional>
#include <vector>

namespace weft::shm {

class Transport final : public transport::Transport {
 public:
  // Without a backing each segment gets the one that peers can open: a memfd, or a POSIX object
  // where /proc does not show this process's files to them.
  Transport(const transport::OpenOptions& options, std::optional<Backing> backing);
  ~Transport() override;

  transport::Capabilities capabilities() const override;
  std::span<const std::byte> address() const override;
  transport::Status connect(int peer, std::span<const std::byte> address) override;
  bool connected(int peer) const override;
  void disconnect(int peer) override;
  transport::Status allocate(std::size_t bytes, transport::LocalMemory* out) override;
  transport::Status register_memory(void* address, std::size_t bytes,
                                    transport::LocalMemory* out) override;
  void release(const transport::LocalMemory& memory) override;
  transport::Status import_memory(int peer, const transport::MemoryKey& key,
                                  transport::RemoteMemory* out) override;
  void release(const transport::RemoteMemory& memory) override;
  transport::Status put(std::span<const transport::Put> puts, std::size_t* posted) override;
  transport::Status get(std::span<const transport::Get> gets) override;
  transport::Status copy_private(int peer, std::uint64_t theirs, void* mine, std::size_t bytes,
                                 bool write) override;
  int progress() override;

 private:
  enum class PeerState : std::uint8_t { unknown, connected, failed };
  // What peers connect by. Plain data.
  struct Address {
    PrivateAddress self;
    Backing backing = Backing::memfd;
    transport::JobIdentity job;
  };
  struct Import {
    SegmentKey key;
    SharedMapping mapping;
  };

  Backing backing_now() const;
  transport::Status check_reach(const Address& peer) const;
  transport::Status check_peer(int peer) const;
  void fail_peer(int peer);

  transport::OpenOptions options_;
  std::optional<Backing> backing_;
  Address self_;
  std::vector<PeerState> states_;
  std::vector<ProcessId> processes_;
  std::vector<PrivateMemory> private_;
  Liveness liveness_;
  bool cleaned_ = false;
  std::uint64_t next_handle_ = 1;
  std::map<std::uint64_t, OwnSegment> owned_;
  std::map<std::uint64_t, Import> imported_;
};

}  // namespace weft::shm
