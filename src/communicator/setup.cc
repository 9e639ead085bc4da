#include "communicator/setup.h"

#include <fmt/format.h>
#include <sched.h>
#include <weft/version.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/names.h"
#include "base/random.h"
#include "communicator/job.h"
#include "communicator/mover.h"
#include "communicator/tuning_file.h"
#include "topology/pack.h"

namespace weft {
namespace {

[[noreturn]] void fail_with(const transport::Status& status, const std::string& what) {
  fail(status.code, "{}: {}", what, status.message);
}

}  // namespace

Connections::Connections(const Config& config, const Log& log, Bootstrap& bootstrap,
                         const Clock& clock)
    : log_(log),
      links_(clock, bootstrap.size()),
      host_(topology::probe_host({.source = config.topology})),
      routes_(config.options.routes) {
  world_.rank = bootstrap.rank();
  world_.ranks = bootstrap.size();
  world_.clock = &clock;
  world_.layout = memory::make_pad_layout(world_.ranks, config.shared_bytes);
  world_.links.resize(static_cast<std::size_t>(world_.ranks));
  introduce(config, bootstrap);
  open_transports(config);
  std::vector<std::string> machines;
  for (const topology::Host& host : hosts_) machines.push_back(host.machine);
  Router router(*transports_, routes_, world_.rank, std::move(machines));
  find_ways(config, bootstrap, router);
  use_ways(router);
  await_connections(config);
  exchange_pads(config, bootstrap, verdict_of([this] { make_pads(); }));
  choose_wait_policy(config);
  start_progress();
  situation_ = situation_of({world_, router, hosts_, least_cores()});
}

void Connections::start_progress() {
  links_.progress.attend(world_.transports);
  links_.progress.sleep_at(reinterpret_cast<memory::Control*>(world_.pad)->sleeping);
  links_.progress.idle_by(durations_of(world_.wait_policy, !world_.all_load_store()));
}

void Connections::leave() {
  std::atomic<std::uint32_t>& word = reinterpret_cast<memory::Control*>(world_.pad)->sleeping;
  word.store(static_cast<std::uint32_t>(Attention::left), std::memory_order_release);
}

Connections::~Connections() {
  for (const auto& [open, pad] : pads_) open->transport->release(pad);
}

void Connections::open_transports(const Config& config) {
  const topology::Place place = place_by_machine(hosts_, world_.rank);
  transports_ = std::make_unique<Transports>(
      config, log_, host_,
      Transports::Rank{world_.rank, world_.ranks, place.local_index, place.local_ranks, job_},
      links_.failures);
  const std::string& wanted = config.options.transports;
  // Others take time and memory that most ranks can save.
  transports_->open([&](const std::string& name, int priority) {
    return priority >= 0 || named_in(wanted, name) || routes_.mention(name);
  });
  if (transports_->all().empty()) transports_->open([](const std::string&, int) { return true; });
  transports_->require_any("");
}

std::vector<Blob> Connections::all_gather(const Config& config, Bootstrap& bootstrap,
                                          const Blob& mine) const {
  const Mover mover(transports_.get());
  return bootstrap.all_gather(mine, config.timeout);
}

// What must be equal everywhere, the job's identity (rank 0 makes it), where each rank runs, and
// the tuning file.
void Connections::introduce(const Config& config, Bootstrap& bootstrap) {
  BlobWriter mine;
  mine.put_text(WEFT_VERSION);
  mine.put(transport::JobIdentity{{random_word(), random_word()}});
  mine.put(static_cast<std::uint64_t>(config.shared_bytes));
  mine.put_text(config.options.algorithm);
  mine.put_text(config.options.routes);
  mine.put(config.protocol);
  mine.put_bytes(topology::pack(host_));
  mine.put_text(world_.rank == 0 ? read_tuning(config, log_) : "");
  const std::vector<Blob> all = all_gather(config, bootstrap, mine.blob());
  const auto check = [&](int peer, const char* what, const auto& ours, const auto& theirs) {
    if (ours == theirs) return;
    fail(ErrorCode::mismatch, "{} differs: {} at rank {}, {} at rank {}", what, ours, world_.rank,
         theirs, peer);
  };
  std::string tuning;
  for (int peer = 0; peer < world_.ranks; ++peer) {
    BlobReader reader(all[static_cast<std::size_t>(peer)]);
    check(peer, "the version of weft", std::string(WEFT_VERSION), reader.get_text());
    const auto job = reader.get<transport::JobIdentity>();
    if (peer == 0) job_ = job;
    check(peer, "WEFT_SHARED_BYTES", std::uint64_t{config.shared_bytes},
          reader.get<std::uint64_t>());
    check(peer, "WEFT_ALGORITHM", config.options.algorithm, reader.get_text());
    check(peer, "WEFT_ROUTES", config.options.routes, reader.get_text());
    check(peer, "WEFT_PROTOCOL", static_cast<int>(config.protocol),
          static_cast<int>(reader.get<Protocol>()));
    hosts_.push_back(topology::unpack(reader.get_bytes()));
    note_machine(hosts_.back());
    tuning += reader.get_text();
  }
  tuning_ = use_tuning(tuning);
}

void Connections::note_machine(const topology::Host& host) {
  Machine& machine = machines_[host.machine];
  ++machine.ranks;
  if (host.quota > 0)
    machine.quota = machine.quota > 0 ? std::min(machine.quota, host.quota) : host.quota;
  machine.cores.insert(host.core_ids.begin(), host.core_ids.end());
}

// Where some pair of ranks finds no way, everyone opens the transports that wait to be asked for.
void Connections::find_ways(const Config& config, Bootstrap& bootstrap, Router& router) {
  const auto look = [&] {
    router.agree(all_gather(config, bootstrap, router.connect(exchange_offers(config, bootstrap))));
  };
  look();
  if (!router.incomplete()) return;
  log_.info("not every pair of ranks can meet so; opening the transports kept for that");
  transports_->open([](const std::string&, int) { return true; });
  look();
}

std::vector<std::vector<TransportOffer>> Connections::exchange_offers(const Config& config,
                                                                      Bootstrap& bootstrap) {
  BlobWriter mine;
  write_offers(mine, offers_of(*transports_));
  std::vector<std::vector<TransportOffer>> offers;
  for (const Blob& blob : all_gather(config, bootstrap, mine.blob())) {
    BlobReader reader(blob);
    offers.push_back(read_offers(reader));
  }
  return offers;
}

void Connections::use_ways(const Router& router) {
  const std::vector<OpenTransport>& all = transports_->all();
  for (int peer = 0; peer < world_.ranks; ++peer) {
    const OpenTransport* way = router.way(peer);
    if (way == nullptr) {
      fail(ErrorCode::unsupported, "rank {} cannot reach rank {}: {}", world_.rank, peer,
           router.reasons(peer));
    }
    executor::Link& link = world_.links[static_cast<std::size_t>(peer)];
    link.peer = peer;
    link.transport = way->transport;
    link.transport_name = way->name;
    link.load_store = way->transport->capabilities().load_store;
    links_.failures.route(peer, way->name);
  }
  for (const OpenTransport& open : all) {
    const bool used = std::ranges::any_of(
        world_.links, [&](const auto& link) { return link.transport == open.transport; });
    if (used) world_.transports.push_back(open.transport);
  }
  ways_ = router.describe();
  log_.info("ranks are reached over {}", ways_);
}

void Connections::await_connections(const Config& config) {
  const std::int64_t deadline = world_.clock->now_ns() + config.timeout.count();
  for (int peer = 0; peer < world_.ranks; ++peer) {
    const executor::Link& link = world_.links[static_cast<std::size_t>(peer)];
    while (!link.transport->connected(peer)) {
      transports_->progress();
      if (const links::Failure* gone = links_.failures.of(peer); gone != nullptr) {
        fail(ErrorCode::peer_failed, "rank {} could not connect to rank {} over {}: {}",
             world_.rank, peer, link.transport_name, gone->cause);
      }
      if (world_.clock->now_ns() > deadline) {
        fail(ErrorCode::timeout, "rank {} could not connect to rank {} over {} within {:.3g} s",
             world_.rank, peer, link.transport_name,
             std::chrono::duration<double>(config.timeout).count());
      }
      sched_yield();
    }
  }
}

// One pad for all transports: the first that maps memory allocates it, the others register it.
void Connections::make_pads() {
  std::vector<const OpenTransport*> used;
  for (const OpenTransport& open : transports_->all()) {
    if (std::ranges::find(world_.transports, open.transport) != world_.transports.end())
      used.push_back(&open);
  }
  std::ranges::stable_partition(
      used, [](const OpenTransport* open) { return open->transport->capabilities().load_store; });
  for (const OpenTransport* open : used) {
    transport::LocalMemory pad;
    const bool first = pads_.empty();
    const transport::Status status =
        first ? open->transport->allocate(world_.layout.total, &pad)
              : open->transport->register_memory(world_.pad, world_.layout.total, &pad);
    if (!status.ok()) {
      fail(status.code, "{}{}", first ? "" : "registering it: ", status.message);
    }
    if (first) world_.pad = static_cast<std::byte*>(pad.address);
    pads_.emplace_back(open, pad);
  }
}

void Connections::exchange_pads(const Config& config, Bootstrap& bootstrap, const Verdict& made) {
  BlobWriter mine;
  mine.put(made);
  mine.put(static_cast<std::uint32_t>(pads_.size()));
  for (const auto& [open, memory] : pads_) {
    mine.put_text(open->name);
    mine.put(memory.key);
  }
  const std::vector<Blob> all = all_gather(config, bootstrap, mine.blob());
  std::vector<BlobReader> readers;
  std::vector<Verdict> verdicts;
  for (const Blob& blob : all) verdicts.push_back(readers.emplace_back(blob).get<Verdict>());
  check_all("shared memory", verdicts);
  for (int peer = 0; peer < world_.ranks; ++peer) {
    executor::Link& link = world_.links[static_cast<std::size_t>(peer)];
    BlobReader& reader = readers[static_cast<std::size_t>(peer)];
    for (auto left = reader.get<std::uint32_t>(); left > 0; --left) {
      const std::string name = reader.get_text();
      const auto key = reader.get<transport::MemoryKey>();
      if (name != link.transport_name || link.pad_memory.peer >= 0) continue;
      const transport::Status status = link.transport->import_memory(peer, key, &link.pad_memory);
      if (!status.ok())
        fail_with(status, fmt::format("rank {}: memory of rank {}", world_.rank, peer));
    }
    if (link.pad_memory.peer < 0) {
      fail(ErrorCode::unsupported, "rank {} has no memory that rank {} reaches over {}", peer,
           world_.rank, link.transport_name);
    }
    if (link.load_store) link.pad = static_cast<std::byte*>(link.pad_memory.mapped);
  }
}

// That its ranks may use, all together.
int Connections::Machine::usable_cores() const {
  const int all = std::max<int>(static_cast<int>(cores.size()), 1);
  return quota > 0 ? std::min(all, quota) : all;
}

int Connections::least_cores() const {
  int least = std::numeric_limits<int>::max();
  for (const auto& [name, machine] : machines_) least = std::min(least, machine.usable_cores());
  return least;
}

// Spinning is right only where every rank of a machine can have a core of its own. Ranks may be
// bound to different cores, so what counts is the cores of all of them.
void Connections::choose_wait_policy(const Config& config) {
  const auto crowded = [](const Machine& machine) {
    return machine.ranks > machine.usable_cores();
  };
  const bool here = crowded(machines_[host_.machine]);
  world_.crowded = std::ranges::any_of(machines_, [&](const auto& m) { return crowded(m.second); });
  world_.wait_policy = config.wait_policy;
  if (world_.wait_policy == WaitPolicy::automatic)
    world_.wait_policy = here ? WaitPolicy::yield : WaitPolicy::spin;
  log_.debug("{} ranks on this machine: {}", machines_[host_.machine].ranks,
             here ? "more than cores, yield" : "spin");
}

}  // namespace weft
