// Puts: sent as far as the kernel takes them, received and applied by progress().
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "socket_transport.h"

namespace weft_socket {
namespace {

constexpr std::size_t kQueueLength = 1024;  // puts per peer; more: no_resources
constexpr int kReadsPerProgress = 64;       // so that one peer cannot keep progress() busy

bool has_ended(int fd) {
  pollfd state{fd, POLLRDHUP, 0};
  return poll(&state, 1, 0) > 0;
}

}  // namespace

Status SocketTransport::put(std::span<const Put> puts, std::size_t* posted) {
  *posted = 0;
  for (const Put& put : puts) {
    const int number = put.target != nullptr ? put.target->peer : put.signal_memory->peer;
    Peer& peer = peers_[static_cast<std::size_t>(number)];
    if (Status status = enqueue(peer, put); !status.ok()) return status;
    ++*posted;
    if (peer.queue.size() == 1) flush(number);
  }
  return {};
}

Status SocketTransport::enqueue(Peer& peer, const Put& put) {
  if (!peer.status.ok()) return peer.status;
  if (peer.queue.size() >= kQueueLength) {
    return Status::error(ErrorCode::no_resources, "the queue is full");
  }
  Outgoing out;
  out.source = static_cast<const std::byte*>(put.source);
  out.completed = put.completed;
  out.frame.sender = address_.name;
  if (put.bytes > 0) {
    out.frame.memory = put.target->handle;
    out.frame.offset = put.target_offset;
    out.frame.bytes = put.bytes;
  }
  if (put.signal != SignalOp::none) {
    out.frame.signal = put.signal;
    out.frame.signal_memory = put.signal_memory->handle;
    out.frame.signal_offset = put.signal_offset;
    out.frame.signal_value = put.signal_value;
  }
  peer.queue.push_back(out);
  return {};
}

int SocketTransport::flush(int number) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  int taken = 0;
  while (!peer.queue.empty()) {
    Outgoing& out = peer.queue.front();
    const std::size_t header = std::min(peer.sent, sizeof(Frame));
    const std::size_t payload = peer.sent - header;
    iovec parts[2] = {{reinterpret_cast<char*>(&out.frame) + header, sizeof(Frame) - header},
                      {const_cast<std::byte*>(out.source) + payload, out.frame.bytes - payload}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    const ssize_t sent = sendmsg(peer.fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) {
      watch(peer.fd, EPOLLRDHUP | EPOLLOUT, EPOLL_CTL_MOD);
      return taken;
    }
    if (sent < 0) {
      fail(number, std::strerror(errno));
      return taken;
    }
    peer.sent += static_cast<std::size_t>(sent);
    if (peer.sent < sizeof(Frame) + out.frame.bytes) continue;
    if (out.completed != nullptr) ++*out.completed;
    peer.queue.pop_front();
    peer.sent = 0;
    ++taken;
  }
  watch(peer.fd, EPOLLRDHUP, EPOLL_CTL_MOD);
  return taken;
}

Status SocketTransport::get(std::span<const Get>) {
  return Status::error(ErrorCode::unsupported, "the socket transport has no get");
}

int SocketTransport::progress() {
  epoll_event events[64];
  const int ready = epoll_wait(epoll_, events, 64, 0);
  int handled = 0;
  for (int i = 0; i < ready; ++i) {
    const int fd = events[i].data.fd;
    if (fd == listener_) {
      accept_all();
    } else if (const auto found = incoming_.find(fd); found != incoming_.end()) {
      const bool waits = found->second.introduced && found->second.peer < 0;
      if (!waits) handled += receive(fd, found->second);
      if (waits && (events[i].events & (EPOLLHUP | EPOLLRDHUP)) != 0) close_incoming(fd);
    } else {
      const auto peer = std::find_if(peers_.begin(), peers_.end(),
                                     [&](const Peer& candidate) { return candidate.fd == fd; });
      if (peer == peers_.end()) continue;  // failed by an event before this one
      const int number = static_cast<int>(peer - peers_.begin());
      if ((events[i].events & EPOLLOUT) != 0) handled += flush(number);
      if ((events[i].events & (EPOLLHUP | EPOLLRDHUP)) != 0) fail(number, "its process has ended");
    }
  }
  return handled;
}

void SocketTransport::accept_all() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    ucred sender{};
    socklen_t bytes = sizeof(sender);
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &sender, &bytes);
    if (sender.uid != geteuid()) {  // another user of the host
      close(fd);
      continue;
    }
    incoming_[fd] = {};
    watch(fd, EPOLLIN, EPOLL_CTL_ADD);
  }
}

int SocketTransport::receive(int fd, Incoming& incoming) {
  int frames = 0;
  for (int i = 0; i < kReadsPerProgress; ++i) {
    Frame& frame = incoming.frame;
    std::byte* to = reinterpret_cast<std::byte*>(&frame) + incoming.received;
    std::size_t missing = sizeof(frame) - incoming.received;
    if (incoming.received >= sizeof(frame)) {
      const std::size_t done = incoming.received - sizeof(frame);
      missing = frame.bytes - done;
      to = place(frame.memory, frame.offset, frame.bytes) + done;
    }
    const ssize_t got = recv(fd, to, missing, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (got <= 0) {
      end_of(fd, got == 0 ? "its process has ended" : std::strerror(errno));
      break;
    }
    incoming.received += static_cast<std::size_t>(got);
    if (incoming.received < sizeof(frame)) continue;
    if (!incoming.introduced) {
      // A rank of another job found this name where its peer used to listen.
      if (const Status status = check_job(options_.job, frame.job); !status.ok()) {
        if (options_.log != nullptr) options_.log(options_.context, status.message);
        close_incoming(fd);
        break;
      }
      incoming.introduced = true;
      incoming.received = 0;
      ++frames;
      if (!adopt(fd, incoming)) break;
      continue;
    }
    if (frame.bytes > 0 && place(frame.memory, frame.offset, frame.bytes) == nullptr) {
      end_of(fd, "it sent a put outside of this rank's memory");
      break;
    }
    if (incoming.received < sizeof(frame) + frame.bytes) continue;
    if (!apply(frame)) {
      end_of(fd, "it sent a signal outside of this rank's memory");
      break;
    }
    incoming.received = 0;
    ++frames;
  }
  return frames;
}

// Strangers wait unread, and so do those who connect anew before disconnect() has ended what was.
// One that has gone again is nobody's.
bool SocketTransport::adopt(int fd, Incoming& incoming) {
  const auto peer = std::find_if(peers_.begin(), peers_.end(), [&](const Peer& candidate) {
    return candidate.status.ok() && candidate.incoming < 0 &&
           candidate.name == incoming.frame.sender;
  });
  const bool found = peer != peers_.end() && !has_ended(fd);
  if (found) {
    incoming.peer = static_cast<int>(peer - peers_.begin());
    peer->incoming = fd;
  }
  watch(fd, found ? EPOLLIN : EPOLLRDHUP, EPOLL_CTL_MOD);
  return found;
}

// The bytes are in place; whoever sees the word sees them.
bool SocketTransport::apply(const Frame& frame) {
  if (frame.signal == SignalOp::none) return true;
  std::byte* at = place(frame.signal_memory, frame.signal_offset, sizeof(std::uint64_t));
  if (at == nullptr) return false;
  std::atomic_ref<std::uint64_t> word(*reinterpret_cast<std::uint64_t*>(at));
  if (frame.signal == SignalOp::set) {
    word.store(frame.signal_value, std::memory_order_release);
  } else {
    word.fetch_add(frame.signal_value, std::memory_order_release);
  }
  return true;
}

// Null where the range does not lie in one of this rank's memories.
std::byte* SocketTransport::place(std::uint64_t memory, std::uint64_t offset,
                                  std::uint64_t bytes) const {
  const auto found = memories_.find(memory);
  if (found == memories_.end() || offset > found->second.bytes ||
      bytes > found->second.bytes - offset) {
    return nullptr;
  }
  return found->second.address + offset;
}

void SocketTransport::close_incoming(int fd) {
  incoming_.erase(fd);
  close(fd);
}

void SocketTransport::end_of(int fd, const char* what) {
  const int peer = incoming_[fd].peer;
  close_incoming(fd);
  if (peer < 0) return;
  peers_[static_cast<std::size_t>(peer)].incoming = -1;
  fail(peer, what);
}

void SocketTransport::fail(int number, const char* what) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  if (!peer.status.ok()) return;
  Failure failure;
  failure.peer = number;
  std::snprintf(failure.cause, sizeof(failure.cause), "socket to peer %d: %s", number, what);
  peer.status = Status::error(failure.code, failure.cause);
  if (peer.fd >= 0) close(peer.fd);
  peer.fd = -1;
  peer.queue.clear();
  if (options_.report_failure != nullptr) options_.report_failure(options_.context, &failure);
}

}  // namespace weft_socket
