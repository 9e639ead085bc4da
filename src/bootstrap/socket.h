// TCP sockets: non-blocking, close-on-exec, no SIGPIPE.
#pragma once

#include "bootstrap/deadline.h"

#include <string>
#include <string_view>
#include <utility>

namespace weft::bootstrap {

// Owns a file descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket();

  int fd() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

struct Endpoint {
  std::string host;
  std::string port;
  // "host:port", "[::1]:port".
  std::string text() const;
};

// Reads "host:port", "192.0.2.1:port" or "[2001:db8::1]:port". Throws Error(invalid_argument).
Endpoint parse_endpoint(const std::string& text);

// Listens on the address itself where `endpoint` is localhost or an address of this host, and on
// all addresses where it is a name: a host often knows itself by a loopback address under its own
// name. Throws Error(bootstrap), Error(no_resources) without a descriptor.
Socket listen_on(const Endpoint& endpoint, const Deadline& deadline);

// The same, but an empty socket where the port is taken.
Socket listen_unless_taken(const Endpoint& endpoint, const Deadline& deadline);

// Makes a listening socket from elsewhere (blocking or not) fit for accept_from().
void adopt_listener(const Socket& listener);

enum class AcceptResult { accepted, none_waiting, out_of_descriptors };
AcceptResult accept_from(const Socket& listener, Socket& accepted);

// Tries each address of `endpoint` once. An empty socket: none answered, and `why` says why not.
// Throws Error(no_resources) without a descriptor.
Socket connect_to(const Endpoint& endpoint, const Deadline& deadline, std::string& why);

// The other side's and this side's address, for messages and logs; "?" where unknown.
std::string remote_name(const Socket& socket);
std::string local_name(const Socket& socket);

}  // namespace weft::bootstrap
