#include "communicator/impl.h"

#include <weft/collective_traits.h>

#include <algorithm>

#include "base/error.h"
#include "base/futex.h"
#include "bootstrap/bootstrap.h"
#include "communicator/arguments.h"
#include "communicator/request.h"

namespace weft {

using executor::Call;
using executor::Launch;

namespace {

// A name that no collective has is a mistake; one that some lack is not.
void check_algorithm(const std::string& name) {
  const auto named = [&](const algorithms::Algorithm& algorithm) { return algorithm.name == name; };
  if (name.empty() || std::ranges::any_of(algorithms::all(), named)) return;
  fail(ErrorCode::invalid_argument,
       "no collective has an algorithm '{}'; `weft-schedule list` names them all", name);
}

}  // namespace

Communicator::Impl::Impl(const Options& options) : config(resolve(options)) {
  check_algorithm(config.options.algorithm);
  bootstrap = weft::bootstrap::make(config);
  log = Log(config.log_level, fmt::format("weft {}/{}", bootstrap->rank(), bootstrap->size()));
  log.info("started by {}", bootstrap->description());
  register_sleepers();
  connections = std::make_unique<Connections>(config, log, *bootstrap, clock, *this);
  programs =
      std::make_unique<Programs>(world(), connections->situation(), connections->tuning(), config);
  executor = std::make_unique<executor::Executor>(world(), config.timeout);
  allocations = std::make_unique<Allocations>(world());
  endpoint = std::make_unique<RankEndpoint>(world(), *executor, *allocations);
  messenger = std::make_unique<p2p::Messenger>(
      *endpoint, [this](int peer) { return mailbox_memory(world(), peer); },
      config.unexpected_bytes);
  closed_channels = std::make_unique<ClosedChannels>(*endpoint, *messenger);
  pages = std::make_unique<p2p::PageMover>(*endpoint);
  executor->add_background(messenger.get());
  executor->add_background(pages.get());
  for (const auto& [peer, cause] : early_failures) executor->peer_failed(peer, cause);
  if (!early_failures.empty()) endpoint->note_loss();
  await_others();
}

// A rank whose program ends at once takes its memory with it: not before all have mapped it.
void Communicator::Impl::await_others() {
  if (ranks() == 1) return;
  Invocation invocation;
  invocation.call.collective = Collective::barrier;
  invocation.call.count = 1;
  invocation.call.internal = true;
  executor::Operation operation;
  operation.launch = staged_launch(invocation);
  executor->start(&operation);
  executor->wait(&operation);
}

// While transports close they may still report peers: everything that hears of it goes after them.
Communicator::Impl::~Impl() {
  if (executor != nullptr) {
    executor->remove_background(pages.get());
    executor->remove_background(messenger.get());
  }
  closed_channels.reset();
  messenger.reset();
  endpoint.reset();
  allocations.reset();
  executor.reset();
  connections.reset();
  pages.reset();
}

void Communicator::Impl::peer_failed(const std::string& transport, int peer,
                                     const std::string& cause) {
  log.info("rank {} failed over {}: {}", peer, transport, cause);
  if (executor != nullptr) {
    executor->peer_failed(peer, cause);
    if (endpoint != nullptr) endpoint->note_loss();
  } else {
    early_failures.emplace_back(peer, cause);
  }
}

Launch Communicator::Impl::staged_launch(const Invocation& invocation) {
  Launch launch = programs->launch(invocation.call, false);
  launch.input = static_cast<const std::byte*>(invocation.input);
  launch.output = static_cast<std::byte*>(invocation.output);
  return launch;
}

void Communicator::Impl::run(const Invocation& invocation) {
  const bool same_call = invocation.call == last.call && last.call.count > 0 &&
                         !announces(invocation.call, tuner::kAnnouncedBytes);
  if (!same_call || invocation.input != last.input || invocation.output != last.output) {
    check_arguments(invocation.call, rank(), ranks(), invocation.input, invocation.output);
    if (invocation.call.count == 0) return;
    last = {};
    if (announces(invocation.call, tuner::kAnnouncedBytes)) {
      CollectiveRequest request(*this, invocation);
      executor->wait(&request.operation);
      return;
    }
    if (!same_call) blocking.launch = staged_launch(invocation);
    blocking.launch.input = static_cast<const std::byte*>(invocation.input);
    blocking.launch.output = static_cast<std::byte*>(invocation.output);
    last = invocation;
  }
  executor->start(&blocking);
  executor->wait(&blocking);
}

std::unique_ptr<Request::State> Communicator::Impl::start(const Invocation& invocation) {
  check_arguments(invocation.call, rank(), ranks(), invocation.input, invocation.output);
  return std::make_unique<CollectiveRequest>(*this, invocation);
}

void Communicator::Impl::prefer(Collective collective, const Preference& preference) {
  programs->prefer(collective, preference);
  last = {};
}

bool Communicator::Impl::announces(const Call& call, std::size_t least_bytes) const {
  return allocations->used() && call.count * size_of(call.type) >= least_bytes &&
         world().all_load_store();
}

Announcement Communicator::Impl::announcement(const Invocation& invocation) const {
  const BufferBytes bytes = buffer_bytes(invocation.call, ranks());
  Announcement mine;
  mine.call = invocation.call.packed();
  mine.count = invocation.call.count;
  mine.parts = invocation.call.parts;
  mine.input = allocations->locate(invocation.input, bytes.input);
  mine.output = allocations->locate(invocation.output, bytes.output);
  return mine;
}

Launch Communicator::Impl::gather_launch(const void* mine, void* all, std::size_t bytes) {
  Invocation invocation;
  invocation.call.collective = Collective::all_gather;
  invocation.call.count = bytes;
  invocation.call.internal = true;
  invocation.input = mine;
  invocation.output = all;
  return staged_launch(invocation);
}

void Communicator::Impl::gather(const void* mine, void* all, std::size_t bytes) {
  executor::Operation operation;
  operation.launch = gather_launch(mine, all, bytes);
  executor->start(&operation);
  executor->wait(&operation);
}

std::vector<Announcement> Communicator::Impl::announce(const Announcement& mine) {
  std::vector<Announcement> all(static_cast<std::size_t>(ranks()));
  gather(&mine, all.data(), sizeof(Announcement));
  check_same_call(all);
  return all;
}

// What is copied on its way is not worth it.
Registered Communicator::Impl::registered(const void* address, std::size_t bytes) const {
  constexpr std::size_t kWorthwhile = std::size_t{4} << 10;
  return bytes > kWorthwhile ? Registered(world(), address, bytes) : Registered();
}

void Communicator::Impl::check_same_call(const std::vector<Announcement>& all) const {
  const auto unpack = [](const Announcement& a) { return Call::unpack(a.call, a.count, a.parts); };
  for (std::size_t peer = 1; peer < all.size(); ++peer) {
    const bool same_call = unpack(all[peer]) == unpack(all[0]);
    if (same_call && all[peer].detail == all[0].detail) continue;
    fail(ErrorCode::mismatch, "the ranks called different things: rank 0 {}, rank {} {}{}",
         unpack(all[0]).describe(), peer, unpack(all[peer]).describe(),
         same_call ? ", with other parameters" : "");
  }
}

bool Communicator::Impl::map_peers(const Call& call, const std::vector<Announcement>& all,
                                   PeerBuffers* peers) const {
  const CollectiveTraits& traits = traits_of(call.collective);
  for (int peer = 0; peer < ranks(); ++peer) {
    const Announcement& theirs = all[static_cast<std::size_t>(peer)];
    if (traits.reads(peer, call.root) && theirs.input.id == 0) return false;
    if (traits.writes(peer, call.root) && theirs.output.id == 0) return false;
  }
  peers->inputs.clear();
  peers->outputs.clear();
  peers->second_outputs.clear();
  for (int peer = 0; peer < ranks(); ++peer) {
    const Announcement& theirs = all[static_cast<std::size_t>(peer)];
    peers->inputs.push_back(allocations->address(peer, theirs.input));
    peers->outputs.push_back(allocations->address(peer, theirs.output));
    peers->second_outputs.push_back(allocations->address(peer, theirs.second_output));
  }
  return true;
}

Communicator::Impl::Part Communicator::Impl::allocate(std::size_t bytes) {
  if (bytes == 0) fail(ErrorCode::invalid_argument, "allocate: 0 bytes");
  transport::LocalMemory memory;
  transport::Status status;
  // A rank without memory takes part all the same, so that the others learn of it.
  const Offer mine = allocations->offer(bytes, &memory, &status);
  std::vector<Offer> all(static_cast<std::size_t>(ranks()));
  gather(&mine, all.data(), sizeof(Offer));
  if (!status.ok()) fail(status.code, "rank {}: allocate({}): {}", rank(), bytes, status.message);
  const std::uint64_t id = allocations->adopt(memory, all);
  return {id, memory.address};
}

}  // namespace weft
