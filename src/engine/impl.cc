#include "engine/impl.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/futex.h"
#include "base/names.h"
#include "base/random.h"
#include "p2p/wait.h"

namespace weft {

using engine::Stage;

namespace {

Config config_of(const EngineOptions& options) {
  Options all;
  all.timeout = options.timeout;
  all.wait_policy = options.wait_policy;
  all.wait_durations = options.wait_durations;
  all.unexpected_bytes = options.unexpected_bytes;
  all.transports = options.transports;
  all.plugin_path = options.plugin_path;
  return resolve(all);
}

void check_options(const EngineOptions& options) {
  constexpr std::size_t kMostMailbox = std::size_t{1} << 30;
  if (options.name.size() > engine::kMostName)
    fail(ErrorCode::invalid_argument, "Engine: a name of {} characters; there may be {}",
         options.name.size(), engine::kMostName);
  if (options.max_peers < 1 || options.max_peers > engine::kMostPeers)
    fail(ErrorCode::invalid_argument, "Engine: max_peers {}; 1 to {}", options.max_peers,
         engine::kMostPeers);
  const std::size_t bytes = options.mailbox_bytes;
  if (bytes < p2p::Mailbox::kLeastBytes || bytes > kMostMailbox || bytes % kCacheLine != 0)
    fail(ErrorCode::invalid_argument, "Engine: mailbox_bytes {}; a multiple of {} from {} to {}",
         bytes, kCacheLine, p2p::Mailbox::kLeastBytes, kMostMailbox);
}

engine::Address describe_self(const EngineOptions& options) {
  engine::Address self;
  self.incarnation = random_word() | 1;
  self.name = options.name.empty() ? fmt::format("engine-{:016x}", self.incarnation) : options.name;
  self.epoch = static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
  self.numbers = static_cast<std::uint32_t>(options.max_peers) + 1;
  self.mailbox_bytes = options.mailbox_bytes;
  return self;
}

}  // namespace

Engine::Impl::Impl(const EngineOptions& options) {
  check_options(options);
  config = config_of(options);
  self = describe_self(options);
  log = Log(config.log_level, fmt::format("weft {}", self.name));
  host = topology::probe_host({.source = config.topology});
  register_sleepers();
  links = std::make_unique<links::Links>(clock, static_cast<int>(self.numbers));
  open_transports();
  const engine::SegmentLayout layout{self.numbers, static_cast<std::size_t>(self.mailbox_bytes)};
  segment = std::make_unique<engine::SharedMemory>(*transports, layout.total(), "Engine");
  self.segment = segment->keys();
  for (const OpenTransport& open : transports->all()) {
    const auto address = open.transport->address();
    self.ways.push_back({open.name, open.priority, {address.begin(), address.end()}});
  }
  links->progress.sleep_at(*reinterpret_cast<std::atomic<std::uint32_t>*>(segment->data()));
  links->progress.idle_by(durations_of(config.wait_policy, config.options.wait_durations));
  peers = std::make_unique<engine::Peers>(self, segment->data(), *transports, *links, *this, log,
                                          config.timeout);
  endpoint = std::make_unique<engine::PeerEndpoint>(*peers, *links, config.timeout);
  messenger = std::make_unique<p2p::Messenger>(
      *endpoint, [this](int number) { return peers->mailbox(number); }, config.unexpected_bytes);
  pages = std::make_unique<p2p::PageMover>(*endpoint);
}

// What is declared last goes first. A forked child leaves all of it to its parent.
Engine::Impl::~Impl() {
  if (links == nullptr || !links->fork.forked()) return;
  (void)pages.release();
  (void)messenger.release();
  (void)endpoint.release();
  (void)peers.release();
  (void)segment.release();
  (void)transports.release();
  (void)links.release();
}

void Engine::Impl::open_transports() {
  transports = std::make_unique<Transports>(
      config, log, host, Transports::Rank{0, static_cast<int>(self.numbers), 0, 1, {}},
      links->failures);
  const std::string& wanted = config.options.transports;
  transports->open([&](const std::string& name, int priority) {
    return priority >= 0 || named_in(wanted, name);
  });
  transports->require_any("Engine: ");
}

void Engine::Impl::check_number(const char* call, int peer) const {
  if (peer < 1 || peer >= peers->numbers() || (*peers)[peer].stage == Stage::free ||
      (*peers)[peer].stage == Stage::leaving)
    fail(ErrorCode::invalid_argument, "{}: there is no peer {}", call, peer);
}

void Engine::Impl::check_up(const char* call, int peer) const {
  check_number(call, peer);
  const engine::Peer& known = (*peers)[peer];
  if (known.stage == Stage::up) return;
  fail(ErrorCode::peer_failed, "{}: {} is {}", call, peers->describe(peer),
       known.stage == Stage::connecting ? "not up yet" : "down: " + known.cause);
}

int Engine::Impl::add(const engine::Address& address) {
  peers->manage(clock.now_ns());  // so that nothing old concerns the new peer
  peers->check(address);
  int number = peers->find(address.name);
  if (number != 0) {
    const engine::Peer& known = (*peers)[number];
    if (known.stage != Stage::down && known.address.incarnation == address.incarnation)
      return number;
    peers->lose(number, ErrorCode::peer_failed, "a later incarnation has taken its place");
    end(number);
    peers->release(number);
  } else {
    number = peers->free_number();
  }
  if (number == 0)
    fail(ErrorCode::no_resources, "add_peer: there are max_peers = {} already; remove some",
         peers->numbers() - 1);
  peers->connect(address, number);
  return number;
}

void Engine::Impl::end(int peer) {
  for (Import* import : imports) {
    if (import->peer != peer) continue;
    import->lost = true;
    import->access.abandon(peer);
  }
  pages->poll();
  messenger->reset(peer, fmt::format("{}: {}", peers->describe(peer), (*peers)[peer].cause));
}

void Engine::Impl::drain(int peer, std::chrono::nanoseconds timeout) {
  p2p::await(*endpoint, {"remove_peer", peer}, timeout, [&] {
    return messenger->idle(peer) && pages->idle(peer) &&
           std::ranges::all_of(imports, [&](const Import* import) {
             return import->peer != peer || import->access.idle();
           });
  });
}

void Engine::Impl::remove(int peer, std::chrono::nanoseconds timeout) {
  constexpr std::chrono::seconds kToLetGo{1};
  check_number("remove_peer", peer);
  std::string late;
  if (is_up(peer)) {
    try {
      drain(peer, timeout);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::timeout) late = error.what();
    }
  }
  if (is_up(peer)) peers->leave(peer);
  if ((*peers)[peer].stage != Stage::connecting) end(peer);
  if ((*peers)[peer].stage == Stage::leaving) {
    const std::int64_t deadline = clock.now_ns() + std::chrono::nanoseconds(kToLetGo).count();
    p2p::await(*endpoint, {"remove_peer", -1}, 2 * kToLetGo, [&] {
      peers->manage(clock.now_ns());
      return (*peers)[peer].stage == Stage::free || clock.now_ns() > deadline;
    });
  } else {
    peers->release(peer);
  }
  if (!late.empty()) fail(ErrorCode::timeout, "{}; it is removed all the same", late);
}

}  // namespace weft
