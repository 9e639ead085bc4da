// One rank's transport on a simulated fabric.
#pragma once

#include <weft/transport.h>

#include <array>
#include <cstddef>
#include <memory>
#include <set>
#include <vector>

#include "base/identity.h"
#include "sim/fabric.h"

namespace weft::sim {

struct TransportOptions {
  int rank = 0;
  transport::JobIdentity job;
  PortOptions port;
  bool load_store = false;
  void* context = nullptr;
  void (*report_failure)(void* context, const transport::Failure* failure) = nullptr;
};

class SimTransport final : public transport::Transport {
 public:
  SimTransport(std::shared_ptr<Fabric> fabric, const TransportOptions& options);
  ~SimTransport() override;

  transport::Capabilities capabilities() const override;
  std::span<const std::byte> address() const override { return address_; }
  transport::Status connect(int peer, std::span<const std::byte> address) override;
  bool connected(int peer) const override;
  void disconnect(int peer) override { fabric_->disconnect(*port_, peer); }
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
  // Where a port is: unique to this process, since a fabric does not reach beyond it.
  struct Address {
    Identity process;
    std::uint64_t fabric;
    std::uint64_t port;
    transport::JobIdentity job;
  };

  void describe(std::uint64_t handle, void* address, std::size_t bytes,
                transport::LocalMemory* out) const;

  const std::shared_ptr<Fabric> fabric_;
  const TransportOptions options_;
  Port* const port_;
  std::array<std::byte, sizeof(Address)> address_;
  std::vector<transport::Failure> failures_;
  std::multiset<std::uint64_t> mapped_;  // imported and not released yet
};

}  // namespace weft::sim
