// Opening, connecting and memory.
#include "socket_transport.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <system_error>

namespace weft_socket {
namespace {

int check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

sockaddr_un socket_address(const Address& address) {
  sockaddr_un result{};
  result.sun_family = AF_UNIX;
  std::memcpy(result.sun_path, address.name.data(), address.name_bytes);
  return result;
}

}  // namespace

SocketTransport::SocketTransport(const OpenOptions& options) : options_(options) {
  peers_.resize(static_cast<std::size_t>(options.size));
  address_.job = options.job;
  std::ifstream("/proc/sys/kernel/random/boot_id").read(address_.boot_id, 36);
  struct stat info{};
  check(stat("/proc/self/ns/net", &info), "/proc/self/ns/net");
  address_.network_namespace = info.st_ino;
  epoll_ = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  listen();
}

SocketTransport::~SocketTransport() {
  for (const Peer& peer : peers_) {
    if (peer.fd >= 0) close(peer.fd);
  }
  for (const auto& [fd, incoming] : incoming_) close(fd);
  close(listener_);
  close(epoll_);
  for (const auto& [number, memory] : memories_) {
    if (memory.owned) munmap(memory.address, memory.bytes);
  }
}

void SocketTransport::listen() {
  listener_ = check(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  // Without a name the kernel chooses an abstract one, which leaves nothing behind.
  check(bind(listener_, reinterpret_cast<sockaddr*>(&name), sizeof(sa_family_t)), "bind");
  socklen_t bytes = sizeof(name);
  check(getsockname(listener_, reinterpret_cast<sockaddr*>(&name), &bytes), "getsockname");
  address_.name_bytes = static_cast<std::uint32_t>(bytes - offsetof(sockaddr_un, sun_path));
  std::memcpy(address_.name.data(), name.sun_path,
              std::min<std::size_t>(address_.name_bytes, address_.name.size()));
  check(::listen(listener_, SOMAXCONN), "listen");
  watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
}

void SocketTransport::watch(int fd, std::uint32_t events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(epoll_, operation, fd, &event);
}

Capabilities SocketTransport::capabilities() const {
  Capabilities result;
  result.ordered = true;
  result.blocking_wait_fd = epoll_;
  return result;
}

std::span<const std::byte> SocketTransport::address() const {
  return std::as_bytes(std::span(&address_, 1));
}

Status SocketTransport::connect(int number, std::span<const std::byte> bytes) {
  Address address;
  if (bytes.size() != sizeof(address)) {
    return Status::error(ErrorCode::unsupported, "not an address of the socket transport");
  }
  std::memcpy(&address, bytes.data(), sizeof(address));
  if (std::memcmp(address.boot_id, address_.boot_id, sizeof(address.boot_id)) != 0 ||
      address.network_namespace != address_.network_namespace ||
      address.name_bytes > sizeof(address.name)) {
    return Status::error(ErrorCode::unsupported, "another host or network namespace");
  }
  if (Status status = check_job(options_.job, address.job); !status.ok()) return status;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Status::error(ErrorCode::no_resources, "socket: no file descriptor is left");
  const sockaddr_un name = socket_address(address);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.name_bytes);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&name), length) < 0) {
    const ErrorCode code = errno == ECONNREFUSED ? ErrorCode::unsupported : ErrorCode::no_resources;
    const Status status = Status::error(code, std::strerror(errno));
    close(fd);
    return status;
  }
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  peer.fd = fd;
  peer.name = address.name;
  peer.status = {};
  watch(fd, EPOLLRDHUP, EPOLL_CTL_ADD);
  for (auto& [stranger, incoming] : incoming_) {
    const bool waits = incoming.introduced && incoming.peer < 0;
    if (waits && adopt(stranger, incoming)) break;
  }
  // An empty frame tells the receiver who sends, and of which job.
  if (Status status = enqueue(peer, {}); !status.ok()) return status;
  peer.queue.back().frame.job = options_.job;
  flush(number);
  return {};
}

// Closing is what the peer learns it by.
void SocketTransport::disconnect(int number) {
  Peer& peer = peers_[static_cast<std::size_t>(number)];
  if (peer.fd >= 0) close(peer.fd);
  if (peer.incoming >= 0) close_incoming(peer.incoming);
  peer = {};
}

bool SocketTransport::connected(int peer) const {
  return peers_[static_cast<std::size_t>(peer)].status.ok();
}

Status SocketTransport::allocate(std::size_t bytes, LocalMemory* out) {
  void* address = mmap(nullptr, std::max<std::size_t>(bytes, 1), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return Status::error(ErrorCode::no_resources, std::strerror(errno));
  *out = expose({static_cast<std::byte*>(address), std::max<std::size_t>(bytes, 1), true});
  return {};
}

Status SocketTransport::register_memory(void* address, std::size_t bytes, LocalMemory* out) {
  *out = expose({static_cast<std::byte*>(address), bytes, false});
  return {};
}

LocalMemory SocketTransport::expose(const Memory& memory) {
  LocalMemory result{memory.address, memory.bytes, next_memory_++, {}};
  memories_[result.handle] = memory;
  const std::uint64_t key[2] = {result.handle, result.bytes};
  result.key.size = sizeof(key);
  std::memcpy(result.key.bytes, key, sizeof(key));
  return result;
}

void SocketTransport::release(const LocalMemory& memory) {
  const auto found = memories_.find(memory.handle);
  if (found == memories_.end()) return;
  if (found->second.owned) munmap(found->second.address, found->second.bytes);
  memories_.erase(found);
}

Status SocketTransport::import_memory(int peer, const MemoryKey& key, RemoteMemory* out) {
  std::uint64_t content[2];
  if (key.size != sizeof(content)) {
    return Status::error(ErrorCode::invalid_argument, "not a key of the socket transport");
  }
  std::memcpy(content, key.bytes, sizeof(content));
  *out = {peer, content[0], content[1], nullptr};
  return {};
}

}  // namespace weft_socket
