#include "bootstrap/resolver.h"

#include "bootstrap/patient_call.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace weft::bootstrap {
namespace {

// `host` null: the wildcard addresses.
Resolved ask(const char* host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (host == nullptr ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  errno = 0;
  const int error = getaddrinfo(host, port.c_str(), &hints, &found);
  Resolved answer;
  if (error == 0) {
    answer.addresses.reset(found);
  } else {
    answer.error = errno;
    answer.why = fmt::format("{}: {}", host == nullptr ? "the addresses of this host" : host,
                             error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error));
  }
  return answer;
}

}  // namespace

bool is_literal(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &address) == 1;
}

Resolved addresses_of(const std::string& host, const std::string& port, const Deadline& deadline) {
  if (is_literal(host)) return ask(host.c_str(), port);
  auto answer = call_within<Resolved>(deadline, [host, port] { return ask(host.c_str(), port); });
  if (answer) return std::move(*answer);
  Resolved silence;
  silence.why = fmt::format("no name server has said in time which host {} is", host);
  return silence;
}

Resolved wildcard_addresses(const std::string& port) { return ask(nullptr, port); }

}  // namespace weft::bootstrap
