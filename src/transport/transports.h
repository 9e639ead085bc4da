// The transports that a rank has open.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/config.h"
#include "topology/host.h"
#include "transport/devices.h"
#include "transport/failure_listener.h"
#include "transport/loader.h"

namespace weft {

struct OpenTransport {
  transport::LoadedPlugin plugin;
  std::string name;
  int priority = 0;
  transport::Transport* transport = nullptr;
};

class Transports {
 public:
  struct Rank {
    int rank = 0;
    int ranks = 1;
    // Among the ranks of this machine to which the same devices are nearest.
    int local_index = 0;
    int local_ranks = 1;
    transport::JobIdentity job;
  };

  // Everything passed by reference outlives it.
  Transports(const Config& config, const Log& log, const topology::Host& host, Rank rank,
             FailureListener& listener);
  ~Transports();
  Transports(const Transports&) = delete;
  Transports& operator=(const Transports&) = delete;

  // Opens what can be used here and is not open yet: all that `wanted(name, priority)` accepts.
  // Throws Error(invalid_argument) for a wrong setting; other refusals are kept.
  template <typename Wanted>
  void open(const Wanted& wanted) {
    for (const transport::LoadedPlugin& plugin : plugins_.loaded) {
      const std::string name = plugin.plugin->name;
      if (find(name) != nullptr) continue;
      const Proposal* proposal = probe(plugin);
      if (proposal != nullptr && wanted(name, proposal->priority)) open_devices(plugin, *proposal);
    }
    sort();
  }

  // Those that are open, the one of the highest priority first.
  const std::vector<OpenTransport>& all() const { return open_; }
  const OpenTransport* find(const std::string& name) const;
  // Why others are not: "verbs: no RDMA device", ...
  const std::vector<std::string>& refusals() const { return refusals_; }
  // Throws Error(unsupported) with why, unless some transport is open. `who`: "Engine: ", or
  // nothing.
  void require_any(const char* who) const;
  // Moves all of them on that deliver only then.
  void progress() const;
  bool need_progress() const;

 private:
  // One for each open transport.
  struct Callbacks {
    Transports* owner;
    std::string name;
  };

  const Proposal* probe(const transport::LoadedPlugin& plugin);
  void open_devices(const transport::LoadedPlugin& plugin, const Proposal& proposal);
  void sort();

  const Config& config_;
  const Log& log_;
  const topology::Host& host_;
  Rank rank_;
  FailureListener& listener_;
  std::deque<Callbacks> callbacks_;
  transport::PluginSet plugins_;
  std::map<std::string, Proposal> proposals_;  // of what was probed and can be used
  std::map<std::string, bool> probed_;
  std::vector<OpenTransport> open_;
  std::vector<std::string> refusals_;
};

}  // namespace weft
