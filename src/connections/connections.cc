#include "connections/connections.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/futex.h"
#include "base/names.h"
#include "base/random.h"
#include "connections/mover.h"
#include "topology/pack.h"

namespace weft {

Connections::Connections(const Config& config, const Log& log, Bootstrap& bootstrap,
                         const Introduction& mine)
    : config_(config),
      log_(log),
      links_(clock_, bootstrap.size()),
      self_(bootstrap.rank()),
      host_(topology::probe_host({.source = config.topology})),
      routes_(config.options.routes),
      ways_(static_cast<std::size_t>(bootstrap.size())) {
  const Gather gather = gather_over(bootstrap);
  introduce(mine, gather);
  open_transports();
  std::vector<std::string> machines;
  machines.reserve(hosts_.size());
  for (const topology::Host& host : hosts_) machines.push_back(host.machine);
  router_.emplace(*transports_, routes_, self_, std::move(machines));
  find_ways(gather);
  use_ways();
  await_connections();
  hang_bells(gather);
  start_progress();
}

Connections::~Connections() {
  links_.progress.remove(this);
  if (bells_->data() == nullptr) return;
  reinterpret_cast<std::atomic<std::uint32_t>*>(bells_->data())
      ->store(static_cast<std::uint32_t>(Attention::left), std::memory_order_release);
}

void Connections::start_progress() {
  const auto crowded = [this](const std::string& machine) { return machines_.crowded(machine); };
  WaitPolicy policy = config_.wait_policy;
  // Spinning is right only where every process of a machine can have a core of its own.
  if (policy == WaitPolicy::automatic)
    policy = crowded(host_.machine) ? WaitPolicy::yield : WaitPolicy::spin;
  log_.debug("{} ranks on this machine: {}", machines_.processes(host_.machine),
             crowded(host_.machine) ? "more than cores, yield" : "spin");
  std::vector<transport::Transport*> used;
  for (const OpenTransport& open : transports_->all()) {
    const bool reaches =
        std::ranges::any_of(ways_, [&](const Way& way) { return way.transport == open.transport; });
    if (reaches) used.push_back(open.transport);
  }
  links_.progress.attend(used);
  if (bells_->data() != nullptr)
    links_.progress.sleep_at(*reinterpret_cast<std::atomic<std::uint32_t>*>(bells_->data()));
  links_.progress.idle_by(durations_of(policy, config_.options.wait_durations,
                                       !std::ranges::all_of(ways_, &Way::load_store)));
  links_.progress.add(this);
  links_.progress.join_neighbours();
}

void Connections::open_transports() {
  const topology::Place place = place_by_machine(hosts_, self_);
  transports_ = std::make_unique<Transports>(
      config_, log_, host_,
      Transports::Rank{self_, peers(), place.local_index, place.local_ranks, job_},
      links_.failures);
  const std::string& wanted = config_.options.transports;
  // Others take time and memory that most ranks can save.
  transports_->open([&](const std::string& name, int priority) {
    return priority >= 0 || named_in(wanted, name) || routes_.mention(name);
  });
  if (transports_->all().empty()) transports_->open([](const std::string&, int) { return true; });
  transports_->require_any("");
}

Gather Connections::gather_over(Bootstrap& bootstrap) const {
  return [this, &bootstrap](const Blob& mine) {
    const Mover mover(transports_.get());
    return bootstrap.all_gather(mine, config_.timeout);
  };
}

std::vector<int> Connections::numbers() const {
  std::vector<int> all(ways_.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::vector<Region::Member> Connections::everyone() const {
  std::vector<Region::Member> members;
  for (const int peer : numbers()) members.push_back({peer, static_cast<std::size_t>(peer)});
  return members;
}

// What must be equal everywhere, the job's identity (process 0 makes it), and where each runs.
void Connections::introduce(const Introduction& mine, const Gather& gather) {
  BlobWriter writer;
  for (const auto& [what, value] : mine.equal) writer.put_text(value);
  writer.put(transport::JobIdentity{{random_word(), random_word()}});
  writer.put_bytes(topology::pack(host_));
  writer.put_text(self_ == 0 ? mine.note : "");
  const std::vector<Blob> all = gather(writer.blob());
  for (int peer = 0; peer < peers(); ++peer) {
    BlobReader reader(all[static_cast<std::size_t>(peer)]);
    for (const auto& [what, ours] : mine.equal) {
      const std::string theirs = reader.get_text();
      if (ours == theirs) continue;
      fail(ErrorCode::mismatch, "{} differs: {} at rank {}, {} at rank {}", what, ours, self_,
           theirs, peer);
    }
    const auto job = reader.get<transport::JobIdentity>();
    if (peer == 0) job_ = job;
    hosts_.push_back(topology::unpack(reader.get_bytes()));
    note_ += reader.get_text();
  }
  machines_ = Machines(hosts_);
}

// Where some pair of ranks finds no way, everyone opens the transports that wait to be asked for.
void Connections::find_ways(const Gather& gather) {
  const auto look = [&] { router_->agree(gather(router_->connect(exchange_offers(gather)))); };
  look();
  if (!router_->incomplete()) return;
  log_.info("not every pair of ranks can meet so; opening the transports kept for that");
  transports_->open([](const std::string&, int) { return true; });
  look();
}

std::vector<std::vector<TransportOffer>> Connections::exchange_offers(const Gather& gather) const {
  BlobWriter mine;
  write_offers(mine, offers_of(*transports_));
  std::vector<std::vector<TransportOffer>> offers;
  for (const Blob& blob : gather(mine.blob())) {
    BlobReader reader(blob);
    offers.push_back(read_offers(reader));
  }
  return offers;
}

void Connections::use_ways() {
  for (int peer = 0; peer < peers(); ++peer) {
    const OpenTransport* way = router_->way(peer);
    if (way == nullptr) {
      fail(ErrorCode::unsupported, "rank {} cannot reach rank {}: {}", self_, peer,
           router_->reasons(peer));
    }
    ways_[static_cast<std::size_t>(peer)] = {way->transport, way->name,
                                             way->transport->capabilities().load_store, nullptr};
    links_.failures.route(peer, way->name);
  }
  log_.info("ranks are reached over {}", router_->describe(numbers()));
}

void Connections::await_connections() {
  const std::int64_t deadline = clock_.now_ns() + config_.timeout.count();
  for (int peer = 0; peer < peers(); ++peer) {
    const Way& mine = way(peer);
    while (!mine.transport->connected(peer)) {
      transports_->progress();
      if (const links::Failure* gone = links_.failures.of(peer); gone != nullptr) {
        fail(ErrorCode::peer_failed, "rank {} could not connect to rank {} over {}: {}", self_,
             peer, mine.transport_name, gone->cause);
      }
      if (clock_.now_ns() > deadline) {
        fail(ErrorCode::timeout, "rank {} could not connect to rank {} over {} within {:.3g} s",
             self_, peer, mine.transport_name,
             std::chrono::duration<double>(config_.timeout).count());
      }
      sched_yield();
    }
  }
}

void Connections::hang_bells(const Gather& gather) {
  const Region::Wish wish{"start-up", kCacheLine, everyone(), Region::Reach::mapped};
  bells_ = std::make_unique<Region>(*this, wish, gather);
  for (std::size_t peer = 0; peer < ways_.size(); ++peer) {
    ways_[peer].bell = static_cast<std::atomic<std::uint32_t>*>(bells_->of(peer).mapped);
  }
}

void Connections::keep_until(std::function<bool()> over) {
  if (!over()) kept_.push_back(std::move(over));
}

void Connections::look(std::int64_t /*now_ns*/) {
  std::erase_if(kept_, [](const auto& over) { return over(); });
}

}  // namespace weft
