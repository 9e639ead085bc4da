#include "control.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/random.h"

namespace weft::verbs {
namespace {

using transport::Status;
using Host = std::array<std::uint8_t, 16>;

sockaddr_in6 socket_address(const Host& host, std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  std::memcpy(&address.sin6_addr, host.data(), host.size());
  return address;
}

std::string text_of(const Host& host) {
  char text[INET6_ADDRSTRLEN] = "?";
  const bool v4 = host[10] == 0xff && host[11] == 0xff;
  inet_ntop(v4 ? AF_INET : AF_INET6, host.data() + (v4 ? 12 : 0), text, sizeof(text));
  return text;
}

void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof(value));
}

// Quick for small frames, and a host that vanished is noticed within seconds.
void tune(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 4000);
}

FileDescriptor new_socket() {
  FileDescriptor fd(
      above_standard(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)));
  if (fd) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  return fd;
}

Host mapped(const in_addr& v4) {
  Host host{};
  host[10] = host[11] = 0xff;
  std::memcpy(host.data() + 12, &v4, sizeof(v4));
  return host;
}

// The devices' own addresses first: peers that reach the devices reach them too.
void list_hosts(const std::vector<ibv_gid>& gids, Address* address) {
  const auto add = [&](const Host& host) {
    const auto begin = address->host.begin();
    const auto end = begin + address->hosts;
    if (address->hosts < address->host.size() && std::find(begin, end, host) == end)
      address->host[address->hosts++] = host;
  };
  for (const ibv_gid& gid : gids) {
    if (gid.raw[0] == 0xfe) continue;
    Host host;
    std::memcpy(host.data(), gid.raw, host.size());
    add(host);
  }
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return;
  for (const ifaddrs* entry = all; entry != nullptr; entry = entry->ifa_next) {
    const bool usable = entry->ifa_addr != nullptr && entry->ifa_addr->sa_family == AF_INET &&
                        (entry->ifa_flags & IFF_UP) != 0 && (entry->ifa_flags & IFF_LOOPBACK) == 0;
    if (usable) add(mapped(reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr));
  }
  freeifaddrs(all);
}

// Reads what is there. False at the end of the connection; *cause says why.
bool read_all(int fd, std::vector<std::byte>* input, std::string* cause) {
  std::byte buffer[1024];
  for (;;) {
    const ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
    if (got > 0) {
      input->insert(input->end(), buffer, buffer + got);
      if (input->size() > sizeof(buffer)) return true;  // the rest later: nobody may flood us
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return true;
    *cause = got == 0 ? "its process ended" : std::strerror(errno);
    return false;
  }
}

// The first frame of the input, if it is whole.
bool take_frame(std::vector<std::byte>* input, Frame* frame) {
  if (input->size() < sizeof(Frame)) return false;
  std::memcpy(frame, input->data(), sizeof(Frame));
  input->erase(input->begin(), input->begin() + sizeof(Frame));
  return true;
}

}  // namespace

Control::Control(int size, const std::vector<ibv_gid>& gids, ControlListener& listener)
    : cookie_(random_word()),
      listener_(listener),
      epoll_(above_standard(epoll_create1(EPOLL_CLOEXEC))),
      listening_(new_socket()),
      peers_(static_cast<std::size_t>(size)) {
  own_.cookie = cookie_;
  list_hosts(gids, &own_);
  sockaddr_in6 any = socket_address({}, 0);
  socklen_t length = sizeof(any);
  auto* address = reinterpret_cast<sockaddr*>(&any);
  if (!listening_ || bind(listening_.get(), address, length) != 0 ||
      listen(listening_.get(), 1024) != 0 || getsockname(listening_.get(), address, &length) != 0) {
    status_ = Status::error(
        ErrorCode::unsupported,
        fmt::format("cannot listen for peers by TCP: {}", words_of_error(errno)).c_str());
    return;
  }
  own_.tcp_port = ntohs(any.sin6_port);
  watch(listening_.get(), EPOLLIN, EPOLL_CTL_ADD);
}

void Control::watch(int fd, std::uint32_t events, int operation) const {
  epoll_event event{};
  event.events = events;
  (void)epoll_ctl(epoll_.get(), operation, fd, &event);
}

Control::~Control() {
  Frame bye;
  bye.message = Message::bye;
  for (std::size_t peer = 0; peer < peers_.size(); ++peer) send(static_cast<int>(peer), bye);
}

void Control::describe(Address* address) const { *address = own_; }

void Control::connect(int peer, const Address& address) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  p.address = address;
  p.wanted = true;
  numbers_[address.cookie] = peer;
  if (cookie_ > address.cookie) dial(peer);
}

// Tries the peer's addresses in turn.
void Control::dial(int peer) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  for (; p.next_host < p.address.hosts; ++p.next_host) {
    p.connection.fd = new_socket();
    const sockaddr_in6 to = socket_address(p.address.host[p.next_host], p.address.tcp_port);
    const int done =
        ::connect(p.connection.fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    if (done == 0 || errno == EINPROGRESS) {
      p.dialled = true;
      watch(p.connection.fd.get(), EPOLLOUT, EPOLL_CTL_ADD);
      return;
    }
  }
  lose(peer, fmt::format("no TCP connection to {} port {}: {}", text_of(p.address.host[0]),
                         p.address.tcp_port, std::strerror(errno)));
}

int Control::advance_dial(int peer) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  pollfd poll_one{p.connection.fd.get(), POLLOUT, 0};
  if (poll(&poll_one, 1, 0) <= 0) return 0;
  p.dialled = false;
  int error = 0;
  socklen_t length = sizeof(error);
  getsockopt(p.connection.fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) {
    ++p.next_host;
    errno = error;
    dial(peer);
    return 1;
  }
  tune(p.connection.fd.get());
  watch(p.connection.fd.get(), EPOLLIN, EPOLL_CTL_MOD);
  Frame hello;
  hello.from = cookie_;
  hello.to = p.address.cookie;
  p.greeted = true;
  send(peer, hello);
  return 1;
}

void Control::send(int peer, const Frame& frame) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  if (!p.greeted) return;
  // An error shows when it is read from.
  (void)::send(p.connection.fd.get(), &frame, sizeof(frame), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Control::drop(int peer) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  if (const auto name = numbers_.find(p.address.cookie);
      name != numbers_.end() && name->second == peer)
    numbers_.erase(name);
  p = {};
}

void Control::lose(int peer, const std::string& cause) {
  drop(peer);
  listener_.lost(peer, cause);
}

int Control::accept_all() {
  constexpr std::size_t kMaxStrangers = 4096;
  int events = 0;
  while (strangers_.size() < kMaxStrangers) {
    FileDescriptor fd(
        above_standard(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)));
    if (!fd) break;
    tune(fd.get());
    watch(fd.get(), EPOLLIN, EPOLL_CTL_ADD);
    strangers_.push_back({std::move(fd), {}});
    ++events;
  }
  return events;
}

// A stranger that said hello becomes a peer, once connect() has named it and an earlier connection
// is dropped; true: it is no stranger any more.
bool Control::adopt(Connection* connection) {
  Frame frame;
  if (connection->input.size() < sizeof(Frame)) return false;
  std::memcpy(&frame, connection->input.data(), sizeof(frame));
  const bool valid = frame.magic == kMagic && frame.message == Message::hello &&
                     frame.to == cookie_ && frame.from > cookie_;
  if (!valid) return true;  // closed with its connection
  const auto name = numbers_.find(frame.from);
  if (name == numbers_.end()) return false;
  Peer& p = peers_[static_cast<std::size_t>(name->second)];
  if (p.greeted) return false;
  connection->input.erase(connection->input.begin(), connection->input.begin() + sizeof(Frame));
  p.connection = std::move(*connection);
  p.greeted = true;
  return true;
}

int Control::read_strangers() {
  constexpr std::size_t kMostFrames = 16;
  int events = 0;
  std::erase_if(strangers_, [&](Connection& connection) {
    std::string cause;
    // One that waits may have gone meanwhile, and its dialler may have dialled again.
    if (connection.input.size() < kMostFrames * sizeof(Frame) &&
        !read_all(connection.fd.get(), &connection.input, &cause))
      return true;
    const bool settled = adopt(&connection);
    events += settled ? 1 : 0;
    return settled;
  });
  return events;
}

int Control::read_peer(int peer) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  std::string cause;
  const bool alive = read_all(p.connection.fd.get(), &p.connection.input, &cause);
  int events = 0;
  Frame frame;
  while (p.greeted && take_frame(&p.connection.input, &frame)) {
    ++events;
    if (frame.magic != kMagic) {
      lose(peer, "it sent what is no frame of weft");
      return events;
    }
    listener_.received(peer, frame);
  }
  if (!alive && p.greeted) {
    lose(peer, cause);
    ++events;
  }
  return events;
}

int Control::progress(std::chrono::microseconds patience) {
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_ < patience) return 0;
  looked_ = now;
  int events = accept_all();
  if (!strangers_.empty()) events += read_strangers();
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    const int peer = static_cast<int>(i);
    if (peers_[i].dialled) events += advance_dial(peer);
    if (peers_[i].greeted) events += read_peer(peer);
  }
  return events;
}

}  // namespace weft::verbs
