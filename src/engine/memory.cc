// Memory of an engine, and peers' memory as it is used there.
#include <algorithm>

#include "base/error.h"
#include "base/handle.h"
#include "base/transport_kit.h"
#include "engine/impl.h"

namespace weft {

using transport::SignalOp;

namespace {

// Throws Error(invalid_argument) unless the bytes are inside of `whole`.
void check_range(const char* call, std::size_t offset, std::size_t bytes, std::size_t whole) {
  if (offset <= whole && bytes <= whole - offset) return;
  fail(ErrorCode::invalid_argument, "{}: {} bytes at {}, outside of {} bytes", call, bytes, offset,
       whole);
}

void check_word(const char* call, std::size_t offset, std::size_t whole) {
  check_range(call, offset, sizeof(std::uint64_t), whole);
  p2p::check_alignment(call, offset);
}

transport::RemoteMemory import_key(Engine::Impl& engine, const char* call, int peer,
                                   const engine::MemoryOffer& offer) {
  engine.check_up(call, peer);
  const engine::Peer& known = (*engine.peers)[peer];
  if (offer.incarnation != known.address.incarnation) {
    fail(ErrorCode::mismatch, "{}: a key of another engine or an earlier incarnation than {}", call,
         engine.peers->describe(peer));
  }
  const auto key = std::ranges::find(offer.keys, known.way->name, &engine::NamedKey::transport);
  if (key == offer.keys.end())
    fail(ErrorCode::unsupported, "{}: memory that {} does not reach", call, known.way->name);
  transport::RemoteMemory memory;
  const transport::Status status = known.way->transport->import_memory(peer, key->key, &memory);
  if (!status.ok())
    fail(status.code, "{}: memory of {}: {}", call, engine.peers->describe(peer), status.message);
  if (memory.bytes >= offer.bytes) return memory;
  known.way->transport->release(memory);
  fail(ErrorCode::invalid_argument, "{}: a key of {} bytes for {}", call, memory.bytes,
       offer.bytes);
}

}  // namespace

Engine::Impl::Import::Import(Impl& owner, const char* call, int number,
                             const engine::MemoryOffer& offer)
    : keeps(owner.shared_from_this()),
      engine(owner),
      peer(number),
      access(*owner.endpoint),
      memory_(import_key(owner, call, number, offer)),
      transport_(*(*owner.peers)[number].way->transport) {
  remote = {p2p::span_of(memory_), static_cast<std::size_t>(offer.bytes)};
  engine.imports.push_back(this);
}

Engine::Impl::Import::~Import() {
  std::erase(engine.imports, this);
  if (lost || !engine.is_up(peer)) access.abandon(peer);
  access.settle();
  transport_.release(memory_);
}

void Engine::Impl::Import::check(const char* call) const {
  if (!lost && engine.is_up(peer)) [[likely]]
    return;
  if (!lost) engine.check_up(call, peer);
  fail(ErrorCode::peer_failed, "{}: the peer was removed, or has come back as another incarnation",
       call);
}

struct EngineMemory::State {
  State(Engine::Impl& owner, std::size_t bytes)
      : keeps(owner.shared_from_this()),
        engine(owner),
        memory(*owner.transports, bytes, "allocate"),
        access(*owner.endpoint) {}

  std::byte* word(const char* call, std::size_t offset) const {
    check_word(call, offset, memory.bytes());
    return memory.data() + offset;
  }

  const std::shared_ptr<Engine::Impl> keeps;
  Engine::Impl& engine;
  engine::SharedMemory memory;
  p2p::Access access;
};

EngineMemory::State& EngineMemory::state() const {
  return filled(state_, "EngineMemory", "Engine::allocate()");
}

void* EngineMemory::data() const { return state().memory.data(); }
std::size_t EngineMemory::bytes() const { return state().memory.bytes(); }

OpaqueBytes EngineMemory::key() const {
  return engine::pack(engine::MemoryOffer{state().engine.self.incarnation, state().memory.bytes(),
                                          state().memory.keys()});
}

std::uint64_t EngineMemory::value(std::size_t offset) const {
  return transport::read_word(state().word("value", offset));
}

void EngineMemory::reset(std::size_t offset, std::uint64_t value) {
  transport::change_word(state().word("reset", offset), SignalOp::set, value);
}

std::uint64_t EngineMemory::wait_at_least(std::size_t offset, std::uint64_t value, int from) {
  return wait_at_least(offset, value, from, state().engine.timeout());
}

std::uint64_t EngineMemory::wait_at_least(std::size_t offset, std::uint64_t value, int from,
                                          std::chrono::nanoseconds timeout) {
  const std::byte* word = state().word("wait_at_least", offset);
  if (from >= 0) state().engine.check_number("wait_at_least", from);
  return state().access.wait_at_least(word, value, from, timeout);
}

EngineMemory Engine::allocate(std::size_t bytes) {
  if (bytes == 0) fail(ErrorCode::invalid_argument, "allocate: 0 bytes");
  EngineMemory memory;
  memory.state_ = std::make_unique<EngineMemory::State>(*impl_, bytes);
  return memory;
}

struct PeerMemory::State {
  State(Engine::Impl& engine, int peer, const engine::MemoryOffer& offer)
      : import(engine, "import_memory", peer, offer) {}

  const p2p::Remote& part(const char* call, std::size_t offset, std::size_t bytes) const {
    check_range(call, offset, bytes, import.remote.bytes);
    import.check(call);
    return import.remote;
  }

  Engine::Impl::Import import;
};

PeerMemory::State& PeerMemory::state() const {
  return filled(state_, "PeerMemory", "Engine::import_memory()");
}

int PeerMemory::peer() const { return state().import.peer; }
std::size_t PeerMemory::bytes() const { return state().import.remote.bytes; }
void* PeerMemory::mapped() const { return state().import.remote.span.mapped; }

void PeerMemory::put(std::size_t offset, const void* source, std::size_t bytes) {
  const p2p::Remote& remote = state().part("put", offset, bytes);
  state().import.access.put(peer(), remote, offset, source, bytes, 0, 0, SignalOp::none);
}

void PeerMemory::put_signal(std::size_t offset, const void* source, std::size_t bytes,
                            std::size_t signal_offset, std::uint64_t value, Signal how) {
  check_word("put_signal", signal_offset, state().import.remote.bytes);
  const p2p::Remote& remote = state().part("put_signal", offset, bytes);
  state().import.access.put(peer(), remote, offset, source, bytes, signal_offset, value,
                            p2p::operation_of(how));
}

void PeerMemory::signal(std::size_t signal_offset, std::uint64_t value, Signal how) {
  put_signal(0, nullptr, 0, signal_offset, value, how);
}

void PeerMemory::get(std::size_t offset, void* destination, std::size_t bytes) {
  const p2p::Remote& remote = state().part("get", offset, bytes);
  state().import.access.get(peer(), remote, offset, destination, bytes);
}

void PeerMemory::flush() {
  state().import.check("flush");
  state().import.access.flush(state().import.engine.timeout());
}

PeerMemory Engine::import_memory(int peer, std::span<const std::byte> key) {
  const engine::MemoryOffer offer = engine::unpack_memory(key);
  PeerMemory memory;
  memory.state_ = std::make_unique<PeerMemory::State>(*impl_, peer, offer);
  return memory;
}

}  // namespace weft
