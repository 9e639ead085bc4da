// What the processes of a job need to reach each other: transports opened, peers connected, the
// words that they sleep on, failures and progress. Made once, by all of them together;
// communicators stand on it, and several may share it.
#pragma once

#include <weft/bootstrap.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/blob.h"
#include "base/clock.h"
#include "base/config.h"
#include "connections/machines.h"
#include "connections/region.h"
#include "connections/router.h"
#include "links/links.h"
#include "topology/host.h"
#include "transport/transports.h"

namespace weft {

// Over what a process is reached.
struct Way {
  transport::Transport* transport = nullptr;
  std::string transport_name;
  bool load_store = false;
  std::atomic<std::uint32_t>* bell = nullptr;  // what it sleeps on; null where it is not mapped
};

// What a process says of itself when all meet.
struct Introduction {
  // What must be the same at all of them, with its name for messages.
  std::vector<std::pair<std::string, std::string>> equal;
  std::string note;  // process 0's is given to all
};

// Used by one thread at a time, with all that stands on it. Peers go by their ranks in the
// bootstrap, which is also what transports know them by.
class Connections final : Poller {
 public:
  // Collective. `bootstrap` outlives the call alone. Throws Error(...) where a peer cannot be
  // reached, naming it and why each transport refused.
  Connections(const Config& config, const Log& log, Bootstrap& bootstrap, const Introduction& mine);
  // Peers that map this process's memory see that it reads nothing there any more.
  ~Connections() override;
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  int self() const { return self_; }
  int peers() const { return static_cast<int>(ways_.size()); }
  const Way& way(int peer) const { return ways_[static_cast<std::size_t>(peer)]; }
  const Transports& transports() const { return *transports_; }
  links::Links& links() { return links_; }
  const links::Links& links() const { return links_; }
  const Clock& clock() const { return clock_; }

  // What is known of the processes, the same at all of them.
  const std::vector<topology::Host>& hosts() const { return hosts_; }  // by peer
  const Machines& machines() const { return machines_; }
  const Router& router() const { return *router_; }
  const std::string& note() const { return note_; }

  // Goes on while `bootstrap` does; moves transports on meanwhile, since a peer's set-up may need
  // it.
  Gather gather_over(Bootstrap& bootstrap) const;
  // Every process, by its number.
  std::vector<int> numbers() const;
  std::vector<Region::Member> everyone() const;

  // Keeps a question, and with it memory that peers may still write to, until it says that they do
  // not, or all ends.
  void keep_until(std::function<bool()> over);

 private:
  void introduce(const Introduction& mine, const Gather& gather);
  void open_transports();
  void find_ways(const Gather& gather);
  std::vector<std::vector<TransportOffer>> exchange_offers(const Gather& gather) const;
  void use_ways();
  void await_connections();
  void hang_bells(const Gather& gather);
  void start_progress();
  int poll() override { return 0; }
  void look(std::int64_t now_ns) override;

  const Config config_;
  const Log log_;
  const SteadyClock clock_;
  links::Links links_;  // first: transports raise completions and report failures until they end
  const int self_;
  transport::JobIdentity job_;
  topology::Host host_;
  std::vector<topology::Host> hosts_;  // by peer, as each sees its own
  Machines machines_;
  std::string note_;
  Routes routes_;
  std::unique_ptr<Transports> transports_;
  std::optional<Router> router_;
  std::vector<Way> ways_;  // by peer
  std::unique_ptr<Region> bells_;
  std::vector<std::function<bool()>> kept_;
};

}  // namespace weft
