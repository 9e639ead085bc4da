// Windows of a communicator.
#include "base/error.h"
#include "base/handle.h"
#include "base/transport_kit.h"
#include "communicator/impl.h"
#include "communicator/memory/shared_parts.h"
#include "p2p/access.h"

namespace weft {

struct Window::State {
  State(Communicator::Impl& owner, std::size_t bytes)
      : keeps(owner.shared_from_this()),
        communicator(owner),
        links(owner.links()),
        parts(owner, "open_window", bytes),
        access(*owner.endpoint) {}

  const p2p::Remote& part(const char* call, int rank, std::size_t offset, std::size_t bytes) const;
  [[noreturn]] void refuse(const char* call, int rank, std::size_t offset, std::size_t bytes) const;
  std::byte* word(const char* call, std::size_t offset) const;
  void check_word(const char* call, int rank, std::size_t offset) const;
  std::uint64_t wait_at_least(std::size_t signal_offset, std::uint64_t value, int from,
                              std::chrono::nanoseconds timeout) {
    return access.wait_at_least(word("wait_at_least", signal_offset), value, from, timeout);
  }

  const std::shared_ptr<Communicator::Impl> keeps;  // as long as this lives
  Communicator::Impl& communicator;
  links::Links& links;
  SharedParts parts;
  p2p::Access access;  // goes first: it waits for what is on its way
};

const p2p::Remote& Window::State::part(const char* call, int rank, std::size_t offset,
                                       std::size_t bytes) const {
  if (static_cast<std::size_t>(rank) < parts.all().size()) [[likely]] {
    const p2p::Remote& remote = parts.all()[static_cast<std::size_t>(rank)];
    if (offset <= remote.bytes && bytes <= remote.bytes - offset) [[likely]]
      return remote;
  }
  refuse(call, rank, offset, bytes);
}

void Window::State::refuse(const char* call, int rank, std::size_t offset,
                           std::size_t bytes) const {
  if (rank < 0 || rank >= communicator.ranks())
    fail(ErrorCode::invalid_argument, "{}: rank {} of {}", call, rank, communicator.ranks());
  const p2p::Remote& remote = parts.all()[static_cast<std::size_t>(rank)];
  fail(ErrorCode::invalid_argument, "{}: {} bytes at {}, outside of rank {}'s {} bytes", call,
       bytes, offset, rank, remote.bytes);
}

void Window::State::check_word(const char* call, int rank, std::size_t offset) const {
  part(call, rank, offset, sizeof(std::uint64_t));
  p2p::check_alignment(call, offset);
}

std::byte* Window::State::word(const char* call, std::size_t offset) const {
  check_word(call, communicator.rank(), offset);
  return parts.data() + offset;
}

Window Communicator::open_window(std::size_t bytes) {
  Window window;
  window.state_ = std::make_unique<Window::State>(*impl_, bytes);
  return window;
}

Window::State& Window::state() const {
  State& here = filled(state_, "Window", "Communicator::open_window()");
  here.links.enter();
  return here;
}

void* Window::data() const { return state().parts.data(); }
std::size_t Window::bytes() const { return state().parts.bytes(); }
std::size_t Window::bytes(int rank) const { return state().part("bytes", rank, 0, 0).bytes; }
void* Window::mapped(int rank) const { return state().part("mapped", rank, 0, 0).span.mapped; }

void Window::put(int rank, std::size_t offset, const void* source, std::size_t bytes) {
  State& here = state();
  const p2p::Remote& remote = here.part("put", rank, offset, bytes);
  here.access.put(rank, remote, offset, source, bytes, 0, 0, transport::SignalOp::none);
}

void Window::put_signal(int rank, std::size_t offset, const void* source, std::size_t bytes,
                        std::size_t signal_offset, std::uint64_t value, Signal how) {
  State& here = state();
  const p2p::Remote& remote = here.part("put_signal", rank, offset, bytes);
  here.check_word("put_signal", rank, signal_offset);
  here.access.put(rank, remote, offset, source, bytes, signal_offset, value,
                  p2p::operation_of(how));
}

void Window::signal(int rank, std::size_t signal_offset, std::uint64_t value, Signal how) {
  put_signal(rank, 0, nullptr, 0, signal_offset, value, how);
}

void Window::get(int rank, std::size_t offset, void* destination, std::size_t bytes) {
  State& here = state();
  const p2p::Remote& remote = here.part("get", rank, offset, bytes);
  here.access.get(rank, remote, offset, destination, bytes);
}

void Window::flush() {
  State& here = state();
  here.access.flush(here.communicator.executor->timeout());
}

std::uint64_t Window::value(std::size_t signal_offset) const {
  return transport::read_word(state().word("value", signal_offset));
}

void Window::reset(std::size_t signal_offset, std::uint64_t value) {
  transport::change_word(state().word("reset", signal_offset), transport::SignalOp::set, value);
}

std::uint64_t Window::wait_at_least(std::size_t signal_offset, std::uint64_t value, int from) {
  State& here = state();
  return here.wait_at_least(signal_offset, value, from, here.communicator.executor->timeout());
}

std::uint64_t Window::wait_at_least(std::size_t signal_offset, std::uint64_t value, int from,
                                    std::chrono::nanoseconds timeout) {
  return state().wait_at_least(signal_offset, value, from, timeout);
}

}  // namespace weft
