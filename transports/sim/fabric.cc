// Configuration, faults and ports of the fabric.
#include "sim/fabric.h"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace weft::sim {

using transport::Failure;
using transport::Status;

namespace {

std::uint64_t pair_of(int from, int to) {
  return std::uint64_t{static_cast<std::uint32_t>(from)} << 32 | static_cast<std::uint32_t>(to);
}

}  // namespace

std::shared_ptr<Fabric> Fabric::get(std::uint64_t id) {
  // The ranks of a process have nothing in common but the id, so this table is the one thing they
  // share.
  static std::mutex mutex;
  static std::unordered_map<std::uint64_t, std::weak_ptr<Fabric>> fabrics;
  const std::lock_guard lock(mutex);
  std::shared_ptr<Fabric> fabric = fabrics[id].lock();
  if (fabric == nullptr) {
    fabric = std::make_shared<Fabric>(id);
    fabrics[id] = fabric;
  }
  return fabric;
}

Fabric::Fabric(std::uint64_t id) : id_(id) {}

void Fabric::set_default_link(const LinkModel& model) {
  const std::lock_guard lock(mutex_);
  default_model_ = model;
}

void Fabric::set_link(int from, int to, const LinkModel& model) {
  const std::lock_guard lock(mutex_);
  link(from, to).model = model;
}

void Fabric::delay_link(int from, int to, Time extra) {
  const std::lock_guard lock(mutex_);
  link(from, to).delay += extra;
}

void Fabric::fail_put(int from, int to, std::uint64_t nth) {
  const std::lock_guard lock(mutex_);
  link(from, to).failing_put = nth;
}

void Fabric::cut_link(int a, int b) {
  const std::lock_guard lock(mutex_);
  const char* cause = keep(fmt::format("the link between ranks {} and {} was cut", a, b));
  for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
    take_down(link(from, to), cause);
    for (auto& port : ports_) {
      if (port->rank == from) notify_peers_of(*port, to, cause, now_ + latency(from, to));
    }
  }
}

void Fabric::kill(int rank) {
  const std::lock_guard lock(mutex_);
  const char* cause = keep(fmt::format("rank {} was killed", rank));
  if (!dead_.emplace(rank, cause).second) return;
  for (auto& [key, link] : links_) {
    if (link->from == rank || link->to == rank) take_down(*link, cause);
  }
  for (auto& port : ports_) {
    if (port->rank == rank) {
      port->failed = cause;
      tell(*port, -1, cause);
    } else {
      notify_peers_of(*port, rank, cause, now_ + latency(port->rank, rank));
    }
  }
}

void Fabric::set_auto_advance(bool automatic) {
  const std::lock_guard lock(mutex_);
  automatic_ = automatic;
}

Time Fabric::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

Traffic Fabric::traffic() const {
  const std::lock_guard lock(mutex_);
  return traffic_;
}

Port* Fabric::attach(int rank, const PortOptions& options) {
  const std::lock_guard lock(mutex_);
  auto port = std::make_unique<Port>();
  port->index = static_cast<std::uint32_t>(ports_.size());
  port->rank = rank;
  port->options = options;
  port->random.seed(static_cast<std::minstd_rand::result_type>(options.seed + rank));
  if (const auto dead = dead_.find(rank); dead != dead_.end()) {
    port->failed = dead->second;
    tell(*port, -1, dead->second);
  }
  ports_.push_back(std::move(port));
  return ports_.back().get();
}

void Fabric::detach(Port& port) {
  const std::lock_guard lock(mutex_);
  port.attached = false;
  port.peers = {};
  port.completed = {};
  port.failures = {};
  std::erase_if(ended_, [&](const auto& pair) {
    return pair.first == port.index || pair.second == port.index;
  });
  regions_.retire(port.index);
}

Status Fabric::connect(Port& port, int peer, std::uint32_t peer_port) {
  const std::lock_guard lock(mutex_);
  if (peer_port >= ports_.size()) {
    return Status::error(ErrorCode::unsupported, "no such port on this fabric");
  }
  if (static_cast<std::size_t>(peer) >= port.peers.size()) port.peers.resize(peer + 1);
  port.peers[peer] = {};
  port.peers[peer].port = peer_port;
  ended_.erase({port.index, peer_port});
  const char* cause = down(port.rank, ports_[peer_port]->rank);
  if (cause != nullptr) notify(port, peer, cause, now_);
  return {};
}

bool Fabric::connected(const Port& port, int peer) const {
  const std::lock_guard lock(mutex_);
  return check(port, peer).ok();
}

void Fabric::disconnect(Port& port, int peer) {
  const std::lock_guard lock(mutex_);
  if (peer < 0 || static_cast<std::size_t>(peer) >= port.peers.size()) return;
  const Port::Peer slot = std::exchange(port.peers[peer], {});
  if (slot.port == Port::Peer::kNone) return;
  drop_transfers(port, peer, true);
  std::erase_if(port.completed, [&](const auto& done) { return done.peer == peer; });
  std::erase_if(port.failures, [&](const Failure& failure) { return failure.peer == peer; });
  // Where the peer ended it, it may have connected anew already: that is no affair of this end.
  const bool open = !ended_.contains({port.index, slot.port});
  if (!open || slot.port == port.index) return;
  ended_.insert({port.index, slot.port});
  leave(*ports_[slot.port], port.index);
}

// A peer of the port has ended their connection; the port learns it at once.
void Fabric::leave(Port& port, std::uint32_t gone) {
  for (std::size_t number = 0; number < port.peers.size(); ++number) {
    Port::Peer& slot = port.peers[number];
    if (slot.port != gone) continue;
    const int peer = static_cast<int>(number);
    ended_.insert({port.index, gone});
    drop_transfers(port, peer, false);
    if (slot.failed != nullptr) continue;
    slot.failed = "the peer has closed its transport";
    tell(port, peer, slot.failed);
  }
}

// What the port has under way to the peer; with `news` also what it is to be told of it.
void Fabric::drop_transfers(const Port& port, int peer, bool news) {
  for (Transfer& transfer : transfers_) {
    if (transfer.port != &port || transfer.peer != peer) continue;
    if (news || transfer.kind != Transfer::Kind::notice) transfer.dropped = true;
  }
}

bool Fabric::ended(std::uint32_t a, std::uint32_t b) const {
  return !ended_.empty() && (ended_.contains({a, b}) || ended_.contains({b, a}));
}

bool Fabric::reaches(const Port& port, int peer, std::uint32_t peer_port) const {
  const std::lock_guard lock(mutex_);
  return peer >= 0 && static_cast<std::size_t>(peer) < port.peers.size() &&
         port.peers[peer].port == peer_port;
}

// Ok where puts to the peer may be posted.
Status Fabric::check(const Port& port, int peer) const {
  if (peer < 0 || static_cast<std::size_t>(peer) >= port.peers.size() ||
      port.peers[peer].port == Port::Peer::kNone) {
    return Status::error(ErrorCode::invalid_argument, "the peer is not connected");
  }
  const Port::Peer& slot = port.peers[peer];
  if (slot.failed == nullptr && ended(port.index, slot.port))
    return Status::error(ErrorCode::no_resources, "the peer has not connected again yet");
  const char* broken =
      slot.link != nullptr ? slot.link->down : down(port.rank, ports_[slot.port]->rank);
  for (const char* cause : {port.failed, slot.failed, broken}) {
    if (cause != nullptr) return Status::error(ErrorCode::peer_failed, cause);
  }
  if (!ports_[slot.port]->attached) {
    return Status::error(ErrorCode::peer_failed, "the peer has closed its transport");
  }
  return {};
}

// Its ends' names are their ranks, but for the ports of one rank.
Link& Fabric::named_link(int from, int to, int from_rank, int to_rank) {
  std::unique_ptr<Link>& slot = links_[pair_of(from, to)];
  if (slot == nullptr) {
    slot = std::make_unique<Link>();
    slot->from = from_rank;
    slot->to = to_rank;
    slot->down = down(from_rank, to_rank);
  }
  return *slot;
}

Link& Fabric::link(int from, int to) { return named_link(from, to, from, to); }

Link& Fabric::link_between(const Port& from, const Port& to) {
  if (from.rank != to.rank || from.index == to.index) return link(from.rank, to.rank);
  // Ranks are not negative: these names are free.
  const auto name = [](const Port& port) { return -1 - static_cast<int>(port.index); };
  return named_link(name(from), name(to), from.rank, to.rank);
}

const Link* Fabric::find_link(int from, int to) const {
  const auto found = links_.find(pair_of(from, to));
  return found != links_.end() ? found->second.get() : nullptr;
}

const char* Fabric::down(int from, int to) const {
  for (const int end : {from, to}) {
    if (const auto dead = dead_.find(end); dead != dead_.end()) return dead->second;
  }
  const Link* link = find_link(from, to);
  return link != nullptr ? link->down : nullptr;
}

Time Fabric::latency(int from, int to) const {
  const Link* link = find_link(from, to);
  return link != nullptr ? model_of(*link).latency : default_model_.latency;
}

void Fabric::take_down(Link& link, const char* cause) {
  if (link.down == nullptr) link.down = cause;
}

const char* Fabric::keep(std::string cause) {
  return causes_.emplace_back(std::move(cause)).c_str();
}

void Fabric::notify_peers_of(Port& port, int rank, const char* cause, Time due) {
  for (std::size_t peer = 0; peer < port.peers.size(); ++peer) {
    const std::uint32_t index = port.peers[peer].port;
    if (index != Port::Peer::kNone && ports_[index]->rank == rank) {
      notify(port, static_cast<int>(peer), cause, due);
    }
  }
}

void Fabric::notify(Port& port, int peer, const char* cause, Time due) {
  Transfer news;
  news.kind = Transfer::Kind::notice;
  news.port = &port;
  news.peer = peer;
  news.cause = cause;
  schedule(due, news);
}

void Fabric::tell(Port& port, int peer, const char* cause) {
  Failure failure;
  failure.peer = peer;
  std::snprintf(failure.cause, sizeof(failure.cause), "%s", cause);
  port.failures.push_back(failure);
  port.mail = true;
}

}  // namespace weft::sim
