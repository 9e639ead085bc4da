// Opens channels between two ranks of a communicator.
#include <memory>

#include "base/error.h"
#include "base/handle.h"
#include "communicator/impl.h"
#include "communicator/memory/closed_memory.h"
#include "communicator/own_tags.h"
#include "p2p/rings/channel_end.h"

namespace weft {
namespace {

// What the two ends tell each other.
struct Hello {
  p2p::SlotShape shape;
  ErrorCode code = ErrorCode::ok;  // this end has no memory
  transport::MemoryKey key;
};

p2p::SlotShape shape_of(const ChannelOptions& options) {
  constexpr int kMostSlots = 1 << 16;
  if (options.slots < 1 || options.slots > kMostSlots) {
    fail(ErrorCode::invalid_argument, "open_channel: {} slots; there can be 1 to {}", options.slots,
         kMostSlots);
  }
  if (options.slot_bytes < 1 || options.slot_bytes > p2p::kMaxSlotBytes) {
    fail(ErrorCode::invalid_argument, "open_channel: slots of {} bytes; they can have 1 to {}",
         options.slot_bytes, p2p::kMaxSlotBytes);
  }
  return {static_cast<std::uint32_t>(options.slots),
          static_cast<std::uint32_t>(options.slot_bytes)};
}

}  // namespace

// Both ends' memory, and what runs over it.
struct Channel::State {
  State(Communicator::Impl& owner, int rank, const p2p::SlotShape& wanted);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::chrono::nanoseconds timeout() const { return communicator.executor->timeout(); }
  void exchange(void* theirs, const void* mine, std::size_t bytes, int tag);
  void open(const p2p::SlotShape& shape, const Hello& theirs);
  void release();

  const std::shared_ptr<Communicator::Impl> keeps;  // as long as this lives
  Communicator::Impl& communicator;
  const int peer;
  const int number;  // between the two ranks
  transport::Transport& transport;
  transport::LocalMemory own;      // bytes 0: none
  transport::RemoteMemory remote;  // peer -1: none
  links::Links& links;
  std::optional<p2p::ChannelEnd> end;
};

Channel::State::State(Communicator::Impl& owner, int rank, const p2p::SlotShape& wanted)
    : keeps(owner.shared_from_this()),
      communicator(owner),
      peer(rank),
      number(owner.closed_memory->next_number(rank)),
      transport(*owner.endpoint->path(rank).transport),
      links(owner.links()) {
  owner.closed_memory->sweep();
  // A rank without memory takes part all the same, so that the other learns of it.
  const transport::Status status = transport.allocate(wanted.total(), &own);
  if (!status.ok()) own.bytes = 0;
  const Hello mine{wanted, status.code, own.key};
  Hello theirs;
  try {
    exchange(&theirs, &mine, sizeof(Hello), kChannelTag);
    if (!status.ok()) fail(status.code, "open_channel({}): {}", rank, status.message);
    open(wanted, theirs);
    // Neither writes before both have their memory mapped, nor ends before the other has.
    char ready = 1;
    exchange(&ready, &ready, sizeof(ready), kReadyTag);
  } catch (...) {
    end.reset();
    release();
    throw;
  }
}

void Channel::State::exchange(void* theirs, const void* mine, std::size_t bytes, int tag) {
  p2p::Messenger& messenger = *communicator.messenger;
  messenger.send(mine, bytes, peer, tag, timeout());
  messenger.receive(theirs, bytes, peer, tag, timeout());
}

void Channel::State::open(const p2p::SlotShape& shape, const Hello& theirs) {
  if (theirs.shape != shape) {
    fail(ErrorCode::mismatch,
         "open_channel: rank {} wants {} slots of {} bytes, rank {} {} of {} bytes",
         communicator.rank(), shape.slots, shape.slot_bytes, peer, theirs.shape.slots,
         theirs.shape.slot_bytes);
  }
  if (theirs.code != ErrorCode::ok)
    fail(ErrorCode::no_resources, "open_channel: rank {} has no memory for it", peer);
  const transport::Status status =
      transport.import_memory(communicator.endpoint->path(peer).peer, theirs.key, &remote);
  if (!status.ok()) {
    remote.peer = -1;
    fail(status.code, "open_channel: memory of rank {}: {}", peer, status.message);
  }
  end.emplace(*communicator.endpoint, peer, shape, static_cast<std::byte*>(own.address),
              p2p::span_of(remote));
}

void Channel::State::release() {
  if (remote.peer >= 0) transport.release(remote);
  if (own.bytes > 0) transport.release(own);
}

// The peer may still give back slots, which is a put into memory of this end.
Channel::State::~State() {
  links.progress.enter();
  end.reset();
  if (remote.peer >= 0) transport.release(remote);
  communicator.closed_memory->add(
      peer, number, std::shared_ptr<void>(own.address, [&from = transport, memory = own](void*) {
        from.release(memory);
      }));
}

Channel Communicator::open_channel(int rank, const ChannelOptions& options) {
  if (rank < 0 || rank >= size() || rank == this->rank())
    fail(ErrorCode::invalid_argument, "open_channel: rank {} of {}, from rank {}", rank, size(),
         this->rank());
  Channel channel;
  channel.state_ = std::make_unique<Channel::State>(*impl_, rank, shape_of(options));
  return channel;
}

Channel::State& Channel::state() const {
  State& here = filled(state_, "Channel", "Communicator::open_channel()");
  here.links.enter();
  return here;
}

// For what follows a call that has entered; a wait enters by itself.
Channel::State& Channel::entered() const {
  State& here = filled(state_, "Channel", "Communicator::open_channel()");
  here.links.fork.check();
  return here;
}

int Channel::peer() const { return state().peer; }
std::size_t Channel::slot_bytes() const { return state().end->slot_bytes(); }

void* Channel::acquire() {
  State& here = state();
  return here.end->acquire(here.timeout());
}
void* Channel::acquire(std::chrono::nanoseconds timeout) { return state().end->acquire(timeout); }
void* Channel::try_acquire() { return state().end->try_acquire(); }
void Channel::commit(std::size_t bytes, std::uint32_t label) {
  entered().end->commit(bytes, label);
}

Channel::Slot Channel::receive() {
  State& here = state();
  return here.end->receive(here.timeout());
}
Channel::Slot Channel::receive(std::chrono::nanoseconds timeout) {
  return state().end->receive(timeout);
}
Channel::Slot Channel::try_receive() { return state().end->try_receive(); }
void Channel::release() { entered().end->release(); }

}  // namespace weft
