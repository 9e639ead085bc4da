// Brings a communicator's world up: transports opened, peers connected, pads exchanged.
#pragma once

#include <weft/bootstrap.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/blob.h"
#include "base/config.h"
#include "communicator/router.h"
#include "communicator/verdict.h"
#include "executor/world.h"
#include "links/links.h"
#include "topology/host.h"
#include "transport/transports.h"
#include "tuner/situation.h"
#include "tuner/tuning.h"

namespace weft {

// Owns what the world points to.
class Connections {
 public:
  // Collective. Throws Error(...) where a peer cannot be reached, naming it and why each transport
  // refused.
  Connections(const Config& config, const Log& log, Bootstrap& bootstrap, const Clock& clock);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Tells peers that map this rank's memory that it reads nothing there any more.
  void leave();

  const executor::World& world() const { return world_; }
  links::Links& links() { return links_; }
  // "shm: 0-1; ucx: 2-7": what this rank reaches whom over.
  const std::string& ways() const { return ways_; }
  // What the tuner knows of this job, and what was measured on this machine.
  const tuner::Situation& situation() const { return situation_; }
  const tuner::Tuning& tuning() const { return tuning_; }

 private:
  struct Machine {
    int ranks = 0;
    int quota = 0;        // processors that each of them may use; 0: no limit
    std::set<int> cores;  // that any of them may run on
    int usable_cores() const;
  };

  void introduce(const Config& config, Bootstrap& bootstrap);
  void note_machine(const topology::Host& host);
  void open_transports(const Config& config);
  void find_ways(const Config& config, Bootstrap& bootstrap, Router& router);
  std::vector<std::vector<TransportOffer>> exchange_offers(const Config& config,
                                                           Bootstrap& bootstrap);
  void use_ways(const Router& router);
  void await_connections(const Config& config);
  void make_pads();
  // `made`: how make_pads() went here. Throws at every rank what it met at one.
  void exchange_pads(const Config& config, Bootstrap& bootstrap, const Verdict& made);
  void choose_wait_policy(const Config& config);
  void start_progress();
  int least_cores() const;
  std::vector<Blob> all_gather(const Config& config, Bootstrap& bootstrap, const Blob& mine) const;

  const Log& log_;
  links::Links links_;  // first: transports raise completions and report failures until they end
  transport::JobIdentity job_;
  topology::Host host_;
  std::vector<topology::Host> hosts_;  // by rank, as each sees its own
  Routes routes_;
  std::string ways_;
  executor::World world_;
  tuner::Situation situation_;
  tuner::Tuning tuning_;
  std::unique_ptr<Transports> transports_;
  std::vector<std::pair<const OpenTransport*, transport::LocalMemory>> pads_;
  std::map<std::string, Machine> machines_;  // all that ranks run on
};

}  // namespace weft
