#include "communicator/impl.h"

#include <weft/collective_traits.h>
#include <weft/version.h>

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "base/futex.h"
#include "bootstrap/bootstrap.h"
#include "communicator/agreement.h"
#include "communicator/collectives/arguments.h"
#include "communicator/collectives/meeting.h"
#include "communicator/collectives/request.h"
#include "communicator/setup/situation.h"
#include "communicator/setup/tuning_file.h"

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

// What must be the same at every rank, and rank 0's tuning file.
Introduction introduction(const Config& config, const Log& log, int rank) {
  return {{{"the version of weft", WEFT_VERSION},
           {"WEFT_SHARED_BYTES", std::to_string(config.shared_bytes)},
           {"WEFT_ALGORITHM", config.options.algorithm},
           {"WEFT_ROUTES", config.options.routes},
           {"WEFT_PROTOCOL", std::to_string(static_cast<int>(config.protocol))}},
          rank == 0 ? read_tuning(config, log) : ""};
}

}  // namespace

Communicator::Impl::Impl(const Options& options) : config(resolve(options)) {
  check_algorithm(config.options.algorithm);
  bootstrap = weft::bootstrap::make(config);
  log = Log(config.log_level, fmt::format("weft {}/{}", bootstrap->rank(), bootstrap->size()));
  log.info("started by {}", bootstrap->description());
  register_sleepers();
  memory::make_segment_layout(bootstrap->size(),
                              config.shared_bytes);  // may refuse: before all else
  connections = std::make_shared<Connections>(config, log, *bootstrap,
                                              introduction(config, log, bootstrap->rank()));
  tuning = use_tuning(connections->note());
  segments = std::make_unique<Segments>(*connections, connections->everyone(), config.shared_bytes,
                                        connections->gather_over(*bootstrap));
  build();
  await_others();
  bootstrap.reset();  // its port may be wanted for the next start-up
}

Communicator::Impl::Impl(const Impl& parent, std::unique_ptr<Segments> own)
    : config(parent.config),
      log(parent.log),
      connections(parent.connections),
      segments(std::move(own)),
      tuning(parent.tuning) {
  build();
}

void Communicator::Impl::build() {
  situation = situation_of(*connections, segments->peers(), world().layout);
  programs = std::make_unique<Programs>(world(), situation, tuning, config);
  executor = std::make_unique<executor::Executor>(world(), links(), config.timeout);
  allocations = std::make_unique<Allocations>(world());
  endpoint = std::make_unique<RankEndpoint>(world(), links(), *executor, *allocations);
  messenger = std::make_unique<p2p::Messenger>(
      *endpoint, [this](int peer) { return mailbox_memory(world(), peer); },
      config.unexpected_bytes);
  closed_memory = std::make_unique<ClosedMemory>(*endpoint, *messenger);
  pages = std::make_unique<p2p::PageMover>(*endpoint);
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
  executor->start_and_wait(&operation);
}

// What is declared last goes first. Peers see that this rank has left, and its segment stays as
// long as some may still write to it. A forked child leaves all of it to its parent.
Communicator::Impl::~Impl() {
  if (connections->links().fork.forked()) {
    (void)pages.release();
    (void)closed_memory.release();
    (void)messenger.release();
    (void)endpoint.release();
    (void)allocations.release();
    (void)executor.release();
    (void)programs.release();
    (void)segments.release();
    new std::shared_ptr<Connections>(std::move(connections));
    new std::shared_ptr<Bootstrap>(std::move(bootstrap));
    return;
  }
  links().progress.enter();
  pages.reset();
  std::vector<std::shared_ptr<void>> closed = closed_memory->rest();
  closed_memory.reset();
  messenger.reset();
  segments->leave(connections.use_count() > 1);
  endpoint.reset();
  allocations.reset();
  executor.reset();
  programs.reset();
  const std::shared_ptr<Segments> left = std::move(segments);
  connections->keep_until([left, others = std::move(closed)] { return left->is_over(); });
}

Launch Communicator::Impl::staged_launch(const Invocation& invocation) {
  Launch launch = programs->launch(invocation.call, false);
  launch.input = static_cast<const std::byte*>(invocation.input);
  launch.output = static_cast<std::byte*>(invocation.output);
  return launch;
}

namespace {

// Small calls of different kinds have different places.
std::size_t place_of(const Call& call) {
  constexpr unsigned kApart = 11;
  const auto size = static_cast<unsigned>(std::bit_width(call.count));
  return (kApart * static_cast<unsigned>(call.collective) + size) % Communicator::Impl::kBlocking;
}

}  // namespace

Communicator::Impl::Blocking& Communicator::Impl::kept(const Call& call) {
  return blocking[place_of(call)];
}

void Communicator::Impl::run(const Invocation& invocation) {
  Blocking& last = kept(invocation.call);
  const bool same_call = invocation.call == last.invocation.call && invocation.call.count > 0;
  const bool same_buffers = same_call && invocation.input == last.invocation.input &&
                            invocation.output == last.invocation.output;
  const bool meets_now = may_be_direct(invocation.call);
  if (!same_buffers || meets_now) {
    check_arguments(invocation.call, rank(), ranks(), invocation.input, invocation.output);
    if (invocation.call.count == 0) return;
    last.invocation = {};
    prepare(&last, invocation, same_call, meets_now);
    last.invocation = invocation;
  }
  executor->start_and_wait(&last.operation);
}

// `known`: the call was prepared the last time. (One that met then meets now.)
void Communicator::Impl::prepare(Blocking* last, const Invocation& invocation, bool known,
                                 bool meets_now) {
  if (meets_now) {
    if (last->meeting == nullptr) last->meeting = std::make_unique<Meeting>(*this, last->operation);
    last->meeting->prepare(invocation);
    return;
  }
  last->operation.prepare = nullptr;
  if (!known) last->operation.launch = staged_launch(invocation);
  last->operation.launch.input = static_cast<const std::byte*>(invocation.input);
  last->operation.launch.output = static_cast<std::byte*>(invocation.output);
}

std::unique_ptr<Request::State> Communicator::Impl::start(const Invocation& invocation) {
  check_arguments(invocation.call, rank(), ranks(), invocation.input, invocation.output);
  return std::make_unique<CollectiveRequest>(*this, invocation);
}

void Communicator::Impl::prefer(Collective collective, const Preference& preference) {
  programs->prefer(collective, preference);
  for (Blocking& call : blocking) {
    call.invocation = {};
    call.meeting.reset();
  }
}

bool Communicator::Impl::may_be_direct(const Call& call) const {
  return allocations->used() && call.count * size_of(call.type) >= direct_bytes() &&
         world().all_load_store();
}

bool Communicator::Impl::is_private(const Call& call) {
  Private& known = private_calls[place_of(call)];
  if (known.left == 0 || !(known.call == call)) return false;
  --known.left;
  return true;
}

void Communicator::Impl::note_private(const Call& call) {
  constexpr unsigned kStaged = 63;
  private_calls[place_of(call)] = {call, kStaged};
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
  executor->start_and_wait(&operation);
}

std::vector<Blob> Communicator::Impl::gather(const Blob& mine) {
  std::vector<std::uint64_t> sizes(static_cast<std::size_t>(ranks()));
  const std::uint64_t size = mine.size();
  gather(&size, sizes.data(), sizeof(size));
  const std::size_t longest = std::max<std::size_t>(std::ranges::max(sizes), 1);
  Blob padded = mine;
  padded.resize(longest);
  Blob joined(longest * sizes.size());
  gather(padded.data(), joined.data(), longest);
  std::vector<Blob> all;
  for (std::size_t rank = 0; rank < sizes.size(); ++rank) {
    const auto begin = joined.begin() + static_cast<std::ptrdiff_t>(rank * longest);
    all.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(sizes[rank]));
  }
  return all;
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
  const auto mapped = [this](int peer, const Location& location) {
    std::byte* address = allocations->address(peer, location);
    if (location.id != 0 && address == nullptr)
      fail(ErrorCode::internal, "rank {} announced allocation {}, which rank {} does not have",
           peer, location.id, rank());
    return address;
  };
  for (int peer = 0; peer < ranks(); ++peer) {
    const Announcement& theirs = all[static_cast<std::size_t>(peer)];
    peers->inputs.push_back(mapped(peer, theirs.input));
    peers->outputs.push_back(mapped(peer, theirs.output));
    peers->second_outputs.push_back(mapped(peer, theirs.second_output));
  }
  return true;
}

Communicator::Impl::Part Communicator::Impl::allocate(std::size_t bytes) {
  // A rank without memory takes part all the same, so that the others learn of it.
  const Offer mine = allocations->offer(bytes);
  std::vector<Offer> all(static_cast<std::size_t>(ranks()));
  gather(&mine, all.data(), sizeof(Offer));
  const std::uint64_t id = allocations->adopt(all);
  try {
    // Nobody returns, and may free its part, before all have mapped it.
    together(*this, "allocate", [&] { allocations->import(id, all); });
  } catch (...) {
    allocations->drop(id);
    throw;
  }
  return {id, allocations->data(id)};
}

}  // namespace weft
