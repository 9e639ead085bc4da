// Pages of an engine, and transfers to and from those of its peers.
#include "base/error.h"
#include "base/handle.h"
#include "base/transport_kit.h"
#include "engine/impl.h"
#include "p2p/pages/page_shape.h"

namespace weft {
namespace {

using Pages = std::span<const std::uint32_t>;

p2p::PoolShape checked(const PageLayout& wanted) {
  const p2p::PoolShape shape = p2p::shape_of(wanted);
  if (shape.fault[0] != '\0') fail(ErrorCode::invalid_argument, "open_pages: {}", shape.fault);
  return shape;
}

}  // namespace

struct PeerPages::State {
  State(Engine::Impl& engine, int peer, const engine::PagesOffer& offer)
      : import(engine, "import_pages", peer, offer.memory),
        shape(offer.shape),
        name(engine.peers->describe(peer)) {}

  Engine::Impl::Import import;
  const p2p::PoolShape shape;
  const std::string name;
};

int PeerPages::peer() const { return state_ == nullptr ? -1 : state_->import.peer; }

const PageLayout& PeerPages::layout() const {
  if (state_ == nullptr) fail_empty("PeerPages", "Engine::import_pages()");
  return state_->shape.layout;
}

struct EnginePages::State {
  State(Engine::Impl& owner, const PageLayout& wanted)
      : keeps(owner.shared_from_this()),
        engine(owner),
        shape(checked(wanted)),
        memory(*owner.transports, shape.bytes, "open_pages"),
        access(*owner.endpoint) {}
  ~State() { engine.pages->flush(this, engine.timeout()); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::byte* word(const char* call, int index) const;
  PageTicket start(bool writes, const PeerPages::State* peer, Pages source, Pages target,
                   const PageOptions& options);

  const std::shared_ptr<Engine::Impl> keeps;
  Engine::Impl& engine;
  const p2p::PoolShape shape;
  engine::SharedMemory memory;
  p2p::Access access;
};

std::byte* EnginePages::State::word(const char* call, int index) const {
  return memory.data() + shape.checked_counter_offset(call, index);
}

PageTicket EnginePages::State::start(bool writes, const PeerPages::State* peer, Pages source,
                                     Pages target, const PageOptions& options) {
  const char* call = writes ? "write_pages" : "read_pages";
  if (peer == nullptr || &peer->import.engine != &engine)
    fail(ErrorCode::invalid_argument, "{}: pages that this engine did not import", call);
  p2p::PageRequest request = p2p::page_request(writes, {shape, engine.self.name},
                                               {peer->shape, peer->name}, source, target, options);
  peer->import.check(call);
  request.owner = this;
  request.peer = peer->import.peer;
  request.own = memory.data();
  request.remote = peer->import.remote.span;
  if (request.signals) request.word = request.remote + peer->shape.counter_offset(options.counter);
  return engine.pages->start(request)->ticket(keeps);
}

EnginePages Engine::open_pages(const PageLayout& layout) {
  EnginePages pages;
  pages.state_ = std::make_unique<EnginePages::State>(*impl_, layout);
  return pages;
}

PeerPages Engine::import_pages(int peer, std::span<const std::byte> key) {
  const engine::PagesOffer offer = engine::unpack_pages(key);
  PeerPages pages;
  pages.state_ = std::make_shared<PeerPages::State>(*impl_, peer, offer);
  return pages;
}

EnginePages::State& EnginePages::state() const {
  return filled(state_, "EnginePages", "Engine::open_pages()");
}

const PageLayout& EnginePages::layout() const { return state().shape.layout; }

void* EnginePages::page(int layer, std::size_t index) const {
  return state().memory.data() + state().shape.checked_offset("page", layer, index);
}

OpaqueBytes EnginePages::key() const {
  const State& here = state();
  return engine::pack(engine::PagesOffer{
      {here.engine.self.incarnation, here.memory.bytes(), here.memory.keys()}, here.shape});
}

PageTicket EnginePages::write_pages(const PeerPages& to, Pages source_pages, Pages target_pages,
                                    const PageOptions& options) {
  return state().start(true, to.state_.get(), source_pages, target_pages, options);
}

PageTicket EnginePages::read_pages(const PeerPages& from, Pages source_pages, Pages target_pages,
                                   const PageOptions& options) {
  return state().start(false, from.state_.get(), source_pages, target_pages, options);
}

std::uint64_t EnginePages::counter(int index) const {
  const std::byte* word = state().word("counter", index);
  state().engine.endpoint->progress();
  return transport::read_word(word);
}

void EnginePages::reset_counter(int index, std::uint64_t value) {
  transport::change_word(state().word("reset_counter", index), transport::SignalOp::set, value);
}

std::uint64_t EnginePages::wait_counter(int index, std::uint64_t value, int from) {
  return wait_counter(index, value, from, state().engine.timeout());
}

std::uint64_t EnginePages::wait_counter(int index, std::uint64_t value, int from,
                                        std::chrono::nanoseconds timeout) {
  const std::byte* word = state().word("wait_counter", index);
  if (from >= 0) state().engine.check_number("wait_counter", from);
  return state().access.wait_at_least(word, value, from, timeout);
}

}  // namespace weft
