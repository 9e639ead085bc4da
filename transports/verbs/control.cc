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

// Quick for small frames; a host that vanished is noticed within some seconds, and a network that
// is away for less is not.
void tune(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 2);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 8000);
}

// Marks in the epoll: the listening socket, peers by their numbers, then strangers.
constexpr std::uint64_t kListening = 0;
constexpr std::uint64_t kFirstPeer = 1;
constexpr std::uint64_t kFirstStranger = std::uint64_t{1} << 32;
std::uint64_t token_of(int peer) { return kFirstPeer + static_cast<std::uint64_t>(peer); }

// More than what a peer says before it is answered.
constexpr std::size_t kMostUnread = 16 * sizeof(Frame);

bool is_unreachable(int error) {
  return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH ||
         error == EHOSTDOWN || error == ENETDOWN;
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

// Reads what is there. False at the end of the connection; *error says why, 0 is the peer's wish.
bool read_all(int fd, std::vector<std::byte>* input, int* error) {
  std::byte buffer[1024];
  for (;;) {
    const ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
    if (got > 0) {
      input->insert(input->end(), buffer, buffer + got);
      if (input->size() > kMostUnread) return true;  // the rest later: nobody may flood us
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    *error = got == 0 ? 0 : errno;
    return false;
  }
}

bool is_from(const std::vector<std::byte>& input, std::uint64_t cookie) {
  Frame frame;
  if (input.size() < sizeof(frame)) return false;
  std::memcpy(&frame, input.data(), sizeof(frame));
  return frame.from == cookie;
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
      peers_(static_cast<std::size_t>(size)),
      next_stranger_(kFirstStranger) {
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
  watch(listening_.get(), EPOLLIN, EPOLL_CTL_ADD, kListening);
}

void Control::watch(int fd, std::uint32_t events, int operation, std::uint64_t token) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = token;
  (void)epoll_ctl(epoll_.get(), operation, fd, &event);
}

// A forked child may still hold the socket: closing it alone would leave it in the epoll.
void Control::forget(Connection* connection) const {
  if (connection->fd) watch(connection->fd.get(), 0, EPOLL_CTL_DEL, 0);
  *connection = {};
}

Control::~Control() {
  Frame bye;
  bye.message = Message::bye;
  for (std::size_t peer = 0; peer < peers_.size(); ++peer) send(static_cast<int>(peer), bye);
}

void Control::describe(Address* address) const { *address = own_; }

void Control::connect(int peer, const Address& address) {
  peers_[static_cast<std::size_t>(peer)].address = address;
  numbers_[address.cookie] = peer;
  unsettled_.push_back(peer);
  if (cookie_ > address.cookie) return;
  // It may have dialled before, even more than once; what was read of it then need not be the last
  // of it.
  std::vector<std::uint64_t> its_own;
  for (const auto& [token, connection] : strangers_) {
    if (is_from(connection.input, address.cookie)) its_own.push_back(token);
  }
  for (const std::uint64_t token : its_own) read_stranger(token);
}

// What connect() leaves to do.
int Control::settle() {
  for (const int peer : std::exchange(unsettled_, {})) {
    Peer& p = peers_[static_cast<std::size_t>(peer)];
    if (p.greeted) read_peer(peer);
    if (!p.greeted && !p.dialled && p.address.cookie != 0 && cookie_ > p.address.cookie) dial(peer);
  }
  return 1;
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
      watch(p.connection.fd.get(), EPOLLOUT, EPOLL_CTL_ADD, token_of(peer));
      return;
    }
  }
  lose(peer, Loss::ended,
       fmt::format("no TCP connection to {} port {}: {}", text_of(p.address.host[0]),
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
    forget(&p.connection);
    errno = error;
    dial(peer);
    return 1;
  }
  tune(p.connection.fd.get());
  watch(p.connection.fd.get(), EPOLLIN, EPOLL_CTL_MOD, token_of(peer));
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
  forget(&p.connection);
  p = {};
}

void Control::lose(int peer, Loss loss, const std::string& cause) {
  drop(peer);
  listener_.lost(peer, loss, cause);
}

int Control::accept_all() {
  constexpr std::size_t kMaxStrangers = 4096;
  int events = 0;
  while (strangers_.size() < kMaxStrangers) {
    FileDescriptor fd(
        above_standard(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)));
    if (!fd) break;
    tune(fd.get());
    watch(fd.get(), EPOLLIN, EPOLL_CTL_ADD, next_stranger_);
    strangers_.emplace(next_stranger_++, Connection{std::move(fd), {}});
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
  if (!valid) {
    forget(connection);
    return true;
  }
  const auto name = numbers_.find(frame.from);
  if (name == numbers_.end()) return false;
  Peer& p = peers_[static_cast<std::size_t>(name->second)];
  if (p.greeted) return false;
  connection->input.erase(connection->input.begin(), connection->input.begin() + sizeof(Frame));
  p.connection = std::move(*connection);
  p.greeted = true;
  watch(p.connection.fd.get(), EPOLLIN, EPOLL_CTL_MOD, token_of(name->second));
  unsettled_.push_back(name->second);  // more than its hello may have come
  return true;
}

// One that waits may have gone meanwhile, and its dialler may have dialled again.
int Control::read_stranger(std::uint64_t token) {
  const auto at = strangers_.find(token);
  if (at == strangers_.end()) return 0;
  Connection& connection = at->second;
  int error = 0;
  if (!read_all(connection.fd.get(), &connection.input, &error) ||
      connection.input.size() > kMostUnread) {
    forget(&connection);
    strangers_.erase(at);
    return 0;
  }
  if (!adopt(&connection)) return 0;
  strangers_.erase(at);
  return 1;
}

int Control::read_peer(int peer) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  int error = 0;
  const bool alive = read_all(p.connection.fd.get(), &p.connection.input, &error);
  int events = 0;
  Frame frame;
  while (p.greeted && take_frame(&p.connection.input, &frame)) {
    ++events;
    if (frame.magic != kMagic) {
      lose(peer, Loss::ended, "it sent what is no frame of weft");
      return events;
    }
    listener_.received(peer, frame);
  }
  if (!alive && p.greeted) {
    lose(peer, is_unreachable(error) ? Loss::unreachable : Loss::ended,
         error == 0 ? "its process ended" : std::strerror(error));
    ++events;
  }
  return events;
}

int Control::handle(std::uint64_t token) {
  if (token == kListening) return accept_all();
  if (token >= kFirstStranger) return read_stranger(token);
  const int peer = static_cast<int>(token - kFirstPeer);
  const Peer& p = peers_[static_cast<std::size_t>(peer)];
  if (p.dialled) return advance_dial(peer);
  return p.greeted ? read_peer(peer) : 0;
}

int Control::progress() {
  constexpr int kMost = 64;
  epoll_event ready[kMost];
  int events = unsettled_.empty() ? 0 : settle();
  const int count = epoll_wait(epoll_.get(), ready, kMost, 0);
  for (int i = 0; i < count; ++i) events += handle(ready[i].data.u64);
  if (!unsettled_.empty()) events += settle();
  return events;
}

}  // namespace weft::verbs
