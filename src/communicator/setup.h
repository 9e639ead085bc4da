// Brings a communicator's world up: transports opened, peers connected, pads exchanged.
#pragma once

#include <weft/bootstrap.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/config.h"
#include "communicator/devices.h"
#include "communicator/wire.h"
#include "executor/world.h"
#include "topology/host.h"
#include "transport/loader.h"

namespace weft {

// A transport that is open, and what it takes to close it.
struct OpenTransport {
  transport::LoadedPlugin plugin;
  std::string name;
  int priority = 0;
  transport::Transport* transport = nullptr;
};

// Who hears of failures. Outlives the transports.
struct FailureListener {
  virtual ~FailureListener() = default;
  virtual void peer_failed(int peer, const std::string& cause) = 0;
};

// Owns what the world points to.
class Connections {
 public:
  // Collective. Throws Error(...) where a peer cannot be reached, naming it and why each transport
  // refused.
  Connections(const Config& config, const Log& log, Bootstrap& bootstrap, const Clock& clock,
              FailureListener& listener);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  const executor::World& world() const { return world_; }

 private:
  struct Callbacks {
    FailureListener* listener;
    const Log* log;
    std::map<int, std::string> failed;  // peers, with the cause
  };

  struct Machine {
    int ranks = 0;
    int quota = 0;        // processors that each of them may use; 0: no limit
    std::set<int> cores;  // that any of them may run on
  };

  void open_transports(const Config& config);
  void open_devices(const transport::LoadedPlugin& plugin, const Proposal& proposal, bool wakes);
  void exchange_addresses(const Config& config, Bootstrap& bootstrap);
  void read_machine(BlobReader& reader);
  void connect_peer(int peer, const std::vector<std::pair<std::string, Blob>>& addresses);
  void await_connections(const Config& config);
  void exchange_pads(const Config& config, Bootstrap& bootstrap);
  void choose_wait_policy(const Config& config);

  const Log& log_;
  Callbacks callbacks_;
  topology::Host host_;
  executor::World world_;
  std::vector<OpenTransport> transports_;
  std::vector<std::string> refusals_;
  std::vector<std::pair<transport::Transport*, transport::LocalMemory>> pads_;
  std::map<std::string, Machine> machines_;  // all that ranks run on
};

}  // namespace weft
