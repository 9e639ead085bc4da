#include <weft/engine.h>

#include "base/error.h"
#include "engine/impl.h"
#include "p2p/messages/message_request.h"
#include "p2p/wait.h"

namespace weft {

using engine::Stage;

Engine Engine::create(const EngineOptions& options) {
  return Engine(std::make_shared<Impl>(options));
}

Engine::Engine(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

const std::string& Engine::name() const { return impl_->self.name; }
OpaqueBytes Engine::address() const { return engine::pack(impl_->self); }

int Engine::add_peer(std::span<const std::byte> address) {
  return impl_->add(engine::unpack_address(address));
}

void Engine::wait_up(int peer) { wait_up(peer, impl_->timeout()); }

void Engine::wait_up(int peer, std::chrono::nanoseconds timeout) {
  impl_->check_number("wait_up", peer);
  p2p::await(*impl_->endpoint, {"wait_up", peer}, timeout, [&] { return impl_->is_up(peer); });
}

void Engine::remove_peer(int peer) { remove_peer(peer, impl_->timeout()); }
void Engine::remove_peer(int peer, std::chrono::nanoseconds timeout) {
  impl_->remove(peer, timeout);
}

PeerState Engine::state(int peer) const {
  if (peer < 1 || peer >= impl_->peers->numbers()) return PeerState::absent;
  switch ((*impl_->peers)[peer].stage) {
    case Stage::connecting:
      return PeerState::connecting;
    case Stage::up:
      return PeerState::up;
    case Stage::down:
      return PeerState::down;
    case Stage::free:
    case Stage::leaving:
      break;
  }
  return PeerState::absent;
}

std::string Engine::describe(int peer) const {
  impl_->check_number("describe", peer);
  return impl_->peers->describe(peer);
}

std::optional<PeerEvent> Engine::next_event() {
  progress();
  return impl_->peers->next_event();
}

int Engine::progress() {
  const int moved = impl_->endpoint->progress();
  impl_->endpoint->look(impl_->clock.now_ns());
  return moved;
}

namespace {

void check_send(const Engine::Impl& impl, const void* data, std::size_t bytes, int peer, int tag) {
  p2p::check_buffer("send", data, bytes);
  impl.check_up("send", peer);
  p2p::check_tag("send", tag, false);
}

// From a peer that is down, what it sent before may be left.
void check_receive(const Engine::Impl& impl, const char* call, int peer, int tag) {
  p2p::check_tag(call, tag, true);
  if (peer == kAnySource) return;
  impl.check_number(call, peer);
  if (impl.peers->path(peer).transport == nullptr) impl.check_up(call, peer);
}

}  // namespace

void Engine::send(const void* data, std::size_t bytes, int peer, int tag) {
  check_send(*impl_, data, bytes, peer, tag);
  impl_->messenger->send(data, bytes, peer, tag, impl_->timeout());
}

Request Engine::send_async(const void* data, std::size_t bytes, int peer, int tag) {
  check_send(*impl_, data, bytes, peer, tag);
  Request request;
  request.state_ = std::make_unique<p2p::MessageRequest<p2p::SendRequest>>(
      *impl_->messenger, impl_->messenger->start_send(data, bytes, peer, tag), impl_->timeout(),
      impl_);
  return request;
}

Received Engine::recv(void* data, std::size_t max_bytes, int peer, int tag) {
  p2p::check_buffer("recv", data, max_bytes);
  check_receive(*impl_, "recv", peer, tag);
  return impl_->messenger->receive(data, max_bytes, peer, tag, impl_->timeout());
}

Request Engine::recv_async(void* data, std::size_t max_bytes, int peer, int tag) {
  p2p::check_buffer("recv", data, max_bytes);
  check_receive(*impl_, "recv", peer, tag);
  Request request;
  request.state_ = std::make_unique<p2p::MessageRequest<p2p::ReceiveRequest>>(
      *impl_->messenger, impl_->messenger->start_receive(data, max_bytes, peer, tag),
      impl_->timeout(), impl_);
  return request;
}

std::optional<Received> Engine::probe(int peer, int tag) {
  check_receive(*impl_, "probe", peer, tag);
  progress();
  return impl_->messenger->probe(peer, tag);
}

}  // namespace weft
