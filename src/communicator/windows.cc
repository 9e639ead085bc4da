// Windows of a communicator: every rank's memory and its keys.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "communicator/impl.h"
#include "communicator/registered.h"
#include "p2p/access.h"

namespace weft {
namespace {

// What a rank tells the others of its part. Plain bytes.
struct PartOffer {
  static constexpr std::size_t kKeys = 4;  // transports that one rank is reached over
  struct Named {
    char transport[24] = {};
    transport::MemoryKey key;
  };
  std::uint64_t bytes = 0;
  std::array<Named, kKeys> keys;
  ErrorCode code = ErrorCode::ok;  // why it has none
};

}  // namespace

struct Window::State {
  State(Communicator::Impl& owner, std::size_t bytes);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  PartOffer offer(std::size_t bytes);
  void import(int rank, const PartOffer& offer);
  void release();
  const p2p::Remote& part(const char* call, int rank, std::size_t offset, std::size_t bytes) const;
  [[noreturn]] void refuse(const char* call, int rank, std::size_t offset, std::size_t bytes) const;
  std::uint64_t* word(const char* call, std::size_t offset) const;
  void check_word(const char* call, int rank, std::size_t offset) const;

  Communicator::Impl& communicator;
  std::vector<std::pair<transport::Transport*, transport::LocalMemory>> own;  // the first allocated
  std::size_t own_bytes = 0;
  std::vector<transport::RemoteMemory> imported;  // by rank; peer -1: none
  std::vector<p2p::Remote> parts;
  std::optional<p2p::Access> access;
};

Window::State::State(Communicator::Impl& owner, std::size_t bytes)
    : communicator(owner),
      own_bytes(bytes),
      imported(static_cast<std::size_t>(owner.ranks())),
      parts(static_cast<std::size_t>(owner.ranks())) {
  // A rank without memory takes part all the same, so that the others learn of it.
  const PartOffer mine = offer(bytes);
  std::vector<PartOffer> all(parts.size());
  owner.gather(&mine, all.data(), sizeof(PartOffer));
  try {
    for (int rank = 0; rank < owner.ranks(); ++rank)
      import(rank, all[static_cast<std::size_t>(rank)]);
  } catch (...) {
    release();
    throw;
  }
  access.emplace(*owner.endpoint);
  owner.await_others();  // nobody leaves before all have mapped its part
}

// Allocates by the transport that this rank reaches itself over, and registers with the others.
PartOffer Window::State::offer(std::size_t bytes) {
  const executor::World& world = communicator.world();
  const executor::Link& self = world.links[static_cast<std::size_t>(world.rank)];
  PartOffer offer;
  std::size_t keys = 0;
  const auto add = [&](transport::Transport* transport, const std::string& name) {
    const bool known =
        std::ranges::any_of(own, [&](const auto& entry) { return entry.first == transport; });
    if (known || offer.code != ErrorCode::ok || keys == PartOffer::kKeys) return;
    transport::LocalMemory memory;
    const transport::Status status =
        own.empty() ? transport->allocate(std::max<std::size_t>(bytes, 1), &memory)
                    : transport->register_memory(own[0].second.address, bytes, &memory);
    offer.code = status.code;
    if (!status.ok()) return;
    own.emplace_back(transport, memory);
    name.copy(offer.keys[keys].transport, sizeof(offer.keys[keys].transport) - 1);
    offer.keys[keys++].key = memory.key;
  };
  add(self.transport, self.transport_name);
  for (const executor::Link& link : world.links) add(link.transport, link.transport_name);
  offer.bytes = bytes;
  return offer;
}

void Window::State::import(int rank, const PartOffer& offer) {
  if (offer.code != ErrorCode::ok) {
    fail(offer.code, "open_window: rank {} has no memory for {} bytes ({})", rank, offer.bytes,
         name_of(offer.code));
  }
  const executor::Link& link = communicator.world().links[static_cast<std::size_t>(rank)];
  const auto found = std::ranges::find_if(
      offer.keys, [&](const auto& named) { return link.transport_name == named.transport; });
  if (found == offer.keys.end())
    fail(ErrorCode::unsupported, "open_window: rank {} has no memory for {}", rank,
         link.transport_name);
  transport::RemoteMemory& memory = imported[static_cast<std::size_t>(rank)];
  const transport::Status status = link.transport->import_memory(rank, found->key, &memory);
  if (!status.ok()) {
    memory.peer = -1;
    fail(status.code, "open_window: memory of rank {}: {}", rank, status.message);
  }
  parts[static_cast<std::size_t>(rank)] = {
      {&memory, 0, static_cast<std::byte*>(memory.mapped)}, offer.bytes};
}

void Window::State::release() {
  for (const transport::RemoteMemory& memory : imported) {
    if (memory.peer < 0) continue;
    communicator.world().links[static_cast<std::size_t>(memory.peer)].transport->release(memory);
  }
  // The first owns the memory that the others have registered.
  while (!own.empty()) {
    own.back().first->release(own.back().second);
    own.pop_back();
  }
}

Window::State::~State() {
  access.reset();
  release();
}

const p2p::Remote& Window::State::part(const char* call, int rank, std::size_t offset,
                                       std::size_t bytes) const {
  if (static_cast<std::size_t>(rank) < parts.size()) [[likely]] {
    const p2p::Remote& remote = parts[static_cast<std::size_t>(rank)];
    if (offset <= remote.bytes && bytes <= remote.bytes - offset) [[likely]] return remote;
  }
  refuse(call, rank, offset, bytes);
}

void Window::State::refuse(const char* call, int rank, std::size_t offset,
                           std::size_t bytes) const {
  if (rank < 0 || rank >= communicator.ranks())
    fail(ErrorCode::invalid_argument, "{}: rank {} of {}", call, rank, communicator.ranks());
  const p2p::Remote& remote = parts[static_cast<std::size_t>(rank)];
  fail(ErrorCode::invalid_argument, "{}: {} bytes at {}, outside of rank {}'s {} bytes", call, bytes,
       offset, rank, remote.bytes);
}

void Window::State::check_word(const char* call, int rank, std::size_t offset) const {
  part(call, rank, offset, sizeof(std::uint64_t));
  if (offset % sizeof(std::uint64_t) != 0)
    fail(ErrorCode::invalid_argument, "{}: a word at {}, which is no multiple of 8", call, offset);
}

std::uint64_t* Window::State::word(const char* call, std::size_t offset) const {
  check_word(call, communicator.rank(), offset);
  return reinterpret_cast<std::uint64_t*>(static_cast<std::byte*>(own[0].second.address) + offset);
}

Window Communicator::open_window(std::size_t bytes) {
  Window window;
  window.state_ = std::make_unique<Window::State>(*impl_, bytes);
  return window;
}

Window::Window() = default;
Window::Window(Window&&) noexcept = default;
Window& Window::operator=(Window&&) noexcept = default;
Window::~Window() = default;

Window::State& Window::state() const {
  if (state_ == nullptr)
    fail(ErrorCode::invalid_argument, "Window: empty; make one with Communicator::open_window()");
  return *state_;
}

void* Window::data() const { return state().own[0].second.address; }
std::size_t Window::bytes() const { return state().own_bytes; }
std::size_t Window::bytes(int rank) const { return state().part("bytes", rank, 0, 0).bytes; }
void* Window::mapped(int rank) const { return state().part("mapped", rank, 0, 0).span.mapped; }

void Window::put(int rank, std::size_t offset, const void* source, std::size_t bytes) {
  const p2p::Remote& remote = state().part("put", rank, offset, bytes);
  state().access->put(rank, remote, offset, source, bytes, 0, 0, transport::SignalOp::none);
}

void Window::put_signal(int rank, std::size_t offset, const void* source, std::size_t bytes,
                        std::size_t signal_offset, std::uint64_t value, Signal how) {
  State& here = state();
  const p2p::Remote& remote = here.part("put_signal", rank, offset, bytes);
  here.check_word("put_signal", rank, signal_offset);
  here.access->put(rank, remote, offset, source, bytes, signal_offset, value,
                      how == Signal::set ? transport::SignalOp::set : transport::SignalOp::add);
}

void Window::signal(int rank, std::size_t signal_offset, std::uint64_t value, Signal how) {
  put_signal(rank, 0, nullptr, 0, signal_offset, value, how);
}

void Window::get(int rank, std::size_t offset, void* destination, std::size_t bytes) {
  const p2p::Remote& remote = state().part("get", rank, offset, bytes);
  state().access->get(rank, remote, offset, destination, bytes);
}

void Window::flush() { state().access->flush(state().communicator.executor->timeout()); }

std::uint64_t Window::value(std::size_t signal_offset) const {
  return std::atomic_ref<std::uint64_t>(*state().word("value", signal_offset))
      .load(std::memory_order_acquire);
}

void Window::reset(std::size_t signal_offset, std::uint64_t value) {
  std::atomic_ref<std::uint64_t>(*state().word("reset", signal_offset))
      .store(value, std::memory_order_release);
}

std::uint64_t Window::wait_at_least(std::size_t signal_offset, std::uint64_t value, int from) {
  return wait_at_least(signal_offset, value, from, state().communicator.executor->timeout());
}

std::uint64_t Window::wait_at_least(std::size_t signal_offset, std::uint64_t value, int from,
                                    std::chrono::nanoseconds timeout) {
  const std::uint64_t* word = state().word("wait_at_least", signal_offset);
  return state().access->wait_at_least(word, value, from, timeout);
}

}  // namespace weft
