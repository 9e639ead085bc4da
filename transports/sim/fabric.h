// The simulated network: links with latency and bandwidth, a clock of its own, and faults. Any
// number of ranks of one process meet on a fabric by its id (setting "sim.fabric"). Tests hold the
// fabric to configure it and to read its time.
//
// Ranks are those of OpenOptions::rank; links are directed. Ports of one rank have links of their
// own between each other, of the default model. Every function may be called from any thread.
// Single-threaded use is deterministic: the same calls give the same times and the same order.
#pragma once

#include <weft/transport.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sim/port.h"
#include "sim/regions.h"

namespace weft::sim {

// What was delivered since the fabric was made.
struct Traffic {
  std::uint64_t puts = 0;
  std::uint64_t gets = 0;
  std::uint64_t bytes = 0;
};

class Fabric {
 public:
  // The fabric of this id, made where nobody holds it yet; it ends with its last holder, open
  // transports among them.
  static std::shared_ptr<Fabric> get(std::uint64_t id);

  explicit Fabric(std::uint64_t id);
  std::uint64_t id() const { return id_; }

  // Every link that has no model of its own. Both apply to puts posted later.
  void set_default_link(const LinkModel& model);
  void set_link(int from, int to, const LinkModel& model);
  // Adds to the latency of the link's later puts; a negative value takes it back.
  void delay_link(int from, int to, Time extra);

  // The nth put (1: the next) posted from now on fails when it should arrive: `from` is told that
  // `to` failed, nothing later arrives.
  void fail_put(int from, int to, std::uint64_t nth);
  // Nothing passes between a and b any more; both are told after the link's latency.
  void cut_link(int a, int b);
  // All links of a rank fail. Its peers are told after the link's latency, itself at once (peer
  // -1).
  void kill(int rank);

  // Automatic (the default): a progress() that finds nothing due moves time to the next event, so
  // that polling loops end. Otherwise time moves by the two functions below only.
  void set_auto_advance(bool automatic);
  // Moves to the next event and handles all of that instant; false where nothing is under way.
  bool advance_to_next();
  // Moves time on by `step`, handling what falls into it.
  void advance(Time step);
  Time now() const;
  Traffic traffic() const;

  // For the transport. A port is one open transport; it stays valid as long as the fabric.
  Port* attach(int rank, const PortOptions& options);
  void detach(Port& port);
  transport::Status connect(Port& port, int peer, std::uint32_t peer_port);
  bool connected(const Port& port, int peer) const;
  void disconnect(Port& port, int peer);
  // Whether the port's peer is that other port.
  bool reaches(const Port& port, int peer, std::uint32_t peer_port) const;
  transport::Status put(Port& port, std::span<const transport::Put> puts, std::size_t* posted);
  transport::Status get(Port& port, std::span<const transport::Get> gets);
  // Raises completions and fills `failures`, both those of the port only; returns how many events
  // were handled.
  int progress(Port& port, std::vector<transport::Failure>* failures);
  template <typename Use>
  auto with_regions(Use use) {
    const std::lock_guard lock(mutex_);
    return use(regions_);
  }

 private:
  struct Event {
    Time due;
    std::uint64_t order;  // of posting; breaks ties
    std::uint32_t transfer;
    bool operator>(const Event& other) const {
      return due != other.due ? due > other.due : order > other.order;
    }
  };

  // All below: the lock is held.
  Link& link(int from, int to);  // made where there is none
  Link& named_link(int from, int to, int from_rank, int to_rank);
  Link& link_between(const Port& from, const Port& to);
  const Link* find_link(int from, int to) const;
  const char* down(int from, int to) const;  // why nothing passes, or null
  Time latency(int from, int to) const;
  Link& link_to(Port& port, int peer);
  const LinkModel& model_of(const Link& link) const;
  Time occupy(Link& link, std::size_t bytes, Time earliest);
  bool ended(std::uint32_t a, std::uint32_t b) const;
  void drop_transfers(const Port& port, int peer, bool news);
  void leave(Port& port, std::uint32_t gone);
  transport::Status check(const Port& port, int peer) const;
  transport::Status put_one(Port& port, const transport::Put& put);
  transport::Status get_one(Port& port, const transport::Get& get);
  void schedule(Time due, const Transfer& transfer);
  // At `due` the port learns that its peer failed, or all its peers of that rank.
  void notify(Port& port, int peer, const char* cause, Time due);
  void notify_peers_of(Port& port, int rank, const char* cause, Time due);
  void tell(Port& port, int peer, const char* cause);
  void take_down(Link& link, const char* cause);
  const char* keep(std::string cause);

  int deliver_due();
  void deliver(const Transfer& transfer);
  void deliver_put(const Transfer& transfer);
  void deliver_get(const Transfer& transfer);
  void complete(const Transfer& transfer);
  void lose_late(const Transfer& transfer);
  void lose(const Transfer& transfer, std::string cause);

  const std::uint64_t id_;
  mutable std::mutex mutex_;
  RegionTable regions_;
  Time now_{0};
  bool automatic_ = true;
  Traffic traffic_;
  LinkModel default_model_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Link>> links_;  // those in use or configured
  std::unordered_map<int, const char*> dead_;                       // rank -> cause
  std::vector<std::unique_ptr<Port>> ports_;
  // (a, b): their connection has ended, and port a has not connected to port b since.
  std::set<std::pair<std::uint32_t, std::uint32_t>> ended_;
  std::deque<std::string> causes_;

  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<Transfer> transfers_;
  std::vector<std::uint32_t> free_transfers_;
  std::uint64_t next_order_ = 0;
  std::atomic<std::size_t> pending_{0};  // events_.size(), readable without the lock
};

}  // namespace weft::sim
