#include "bootstrap/socket.h"

#include "bootstrap/descriptors.h"
#include "bootstrap/resolver.h"

#include "base/descriptor.h"
#include "base/error.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace weft::bootstrap {
namespace {

// A host that drops packets must not use up the whole time-out while another address would answer.
constexpr int kConnectAttemptMs = 5'000;

void set_option(int fd, int level, int option, int value) {
  // These tune or harden; a kernel that lacks one still carries the start-up.
  (void)setsockopt(fd, level, option, &value, sizeof value);
}

void tune(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

Socket make_socket(int family) {
  Socket made(open_descriptor(
      [&] { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }));
  // Both sides need it: a rank that connects from the very port that rank 0 is about to listen on
  // must not be in its way.
  if (made) set_option(made.fd(), SOL_SOCKET, SO_REUSEADDR, 1);
  return made;
}

// Listens on the first address that works; an empty socket leaves errno in `error`. IPv6 first: its
// wildcard takes IPv4 too.
Socket listen_on_any(const addrinfo* addresses, int& error) {
  for (const int family : {AF_INET6, AF_INET}) {
    for (const addrinfo* address = addresses; address != nullptr; address = address->ai_next) {
      if (address->ai_family != family) continue;
      Socket listener = make_socket(family);
      if (!listener) {
        error = errno;
        continue;
      }
      if (family == AF_INET6) set_option(listener.fd(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
      if (bind(listener.fd(), address->ai_addr, address->ai_addrlen) == 0 &&
          listen(listener.fd(), SOMAXCONN) == 0) {
        return listener;
      }
      error = errno;
      if (error == EADDRINUSE) return Socket();
    }
  }
  return Socket();
}

std::string name_of_address(const sockaddr_storage& address, socklen_t length) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, host, sizeof host, port,
                  sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "?";
  }
  return Endpoint{host, port}.text();
}

// TCP lets a socket connect to itself where its own port was chosen to be the one nobody listens
// on.
bool connected_to_itself(const Socket& socket) { return local_name(socket) == remote_name(socket); }

// 0, or what went wrong.
int connect_once(const Socket& socket, const addrinfo& address, const Deadline& deadline) {
  if (connect(socket.fd(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd waiting{socket.fd(), POLLOUT, 0};
  const Deadline attempt(std::chrono::milliseconds(deadline.poll_ms(kConnectAttemptMs)));
  int ready = 0;
  while ((ready = poll(&waiting, 1, attempt.poll_ms())) < 0 && errno == EINTR) {
  }
  if (ready == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

std::string Endpoint::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

Endpoint parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Endpoint endpoint;
  if (colon != std::string::npos) {
    endpoint = {text.substr(0, colon), text.substr(colon + 1)};
    std::string& host = endpoint.host;
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string::npos) {
      host.clear();
    }
  }
  unsigned port = 0;
  const char* const end = endpoint.port.data() + endpoint.port.size();
  const auto [read_to, error] = std::from_chars(endpoint.port.data(), end, port);
  if (endpoint.host.empty() || error != std::errc{} || read_to != end || port < 1 || port > 65535) {
    fail(ErrorCode::invalid_argument,
         "\"{}\" is no address of rank 0: write host:port or [IPv6 address]:port, with a port from "
         "1 to 65535",
         text);
  }
  return endpoint;
}

Socket listen_unless_taken(const Endpoint& endpoint, const Deadline& deadline) {
  int error = EADDRNOTAVAIL;
  if (endpoint.host == "localhost" || is_literal(endpoint.host)) {
    const Resolved named = addresses_of(endpoint.host, endpoint.port, deadline);
    if (Socket listener = listen_on_any(named.addresses.get(), error)) return listener;
  }
  // A name, or an address that others use for this host (behind address translation).
  if (error == EADDRNOTAVAIL) {
    const Resolved wildcard = wildcard_addresses(endpoint.port);
    if (Socket listener = listen_on_any(wildcard.addresses.get(), error)) return listener;
  }
  if (error == EADDRINUSE) return Socket();
  const bool full = out_of_descriptors(error);
  fail(full ? ErrorCode::no_resources : ErrorCode::bootstrap, "rank 0 cannot listen on {}: {}",
       endpoint.text(), words_of_error(error));
}

Socket listen_on(const Endpoint& endpoint, const Deadline& deadline) {
  if (Socket listener = listen_unless_taken(endpoint, deadline)) return listener;
  fail(ErrorCode::bootstrap, "rank 0 cannot listen on {}: {}", endpoint.text(),
       words_of_error(EADDRINUSE));
}

void adopt_listener(const Socket& listener) {
  int listening = 0;
  socklen_t length = sizeof listening;
  const int flags = fcntl(listener.fd(), F_GETFL);
  if (flags < 0 || getsockopt(listener.fd(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 ||
      listening == 0) {
    fail(ErrorCode::invalid_argument, "descriptor {} is no listening socket", listener.fd());
  }
  (void)fcntl(listener.fd(), F_SETFL, flags | O_NONBLOCK);
  (void)fcntl(listener.fd(), F_SETFD, FD_CLOEXEC);
}

AcceptResult accept_from(const Socket& listener, Socket& accepted) {
  const int fd = open_descriptor(
      [&] { return accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); });
  if (fd >= 0) {
    tune(fd);
    accepted = Socket(fd);
    return AcceptResult::accepted;
  }
  const bool full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
  // Everything else is an accident of one connection, which is gone.
  return full ? AcceptResult::out_of_descriptors : AcceptResult::none_waiting;
}

Socket connect_to(const Endpoint& endpoint, const Deadline& deadline, std::string& why) {
  const auto check_descriptors = [&](int error) {
    if (!out_of_descriptors(error)) return;
    fail(ErrorCode::no_resources, "no connection to {}: {}", endpoint.text(),
         words_of_error(error));
  };
  const Resolved found = addresses_of(endpoint.host, endpoint.port, deadline);
  check_descriptors(found.error);
  if (!found.addresses) why = found.why;
  for (const addrinfo* address = found.addresses.get(); address != nullptr;
       address = address->ai_next) {
    Socket candidate = make_socket(address->ai_family);
    if (!candidate) check_descriptors(errno);
    const int error = candidate ? connect_once(candidate, *address, deadline) : errno;
    if (error != 0) {
      why = words_of_error(error);
    } else if (connected_to_itself(candidate)) {
      why = std::strerror(ECONNREFUSED);
    } else {
      tune(candidate.fd());
      return candidate;
    }
  }
  return Socket();
}

std::string remote_name(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getpeername(socket.fd(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return "?";
  return name_of_address(address, length);
}

std::string local_name(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return "?";
  return name_of_address(address, length);
}

}  // namespace weft::bootstrap
