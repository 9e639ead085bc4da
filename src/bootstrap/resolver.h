// The addresses that a host name stands for.
#pragma once

#include "bootstrap/deadline.h"

#include <netdb.h>

#include <memory>
#include <string>

namespace weft::bootstrap {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// Whether `host` is an IPv4 or IPv6 address, which no name server is asked for.
bool is_literal(const std::string& host);

struct Resolved {
  AddressList addresses{nullptr, &freeaddrinfo};
  std::string why;  // there are none
  int error = 0;    // errno, where the system has failed
};

// Ends at the deadline, whatever the name servers do. Throws Error(no_resources) where there is no
// thread left to ask them.
Resolved addresses_of(const std::string& host, const std::string& port, const Deadline& deadline);

// Those that stand for all of this host.
Resolved wildcard_addresses(const std::string& port);

}  // namespace weft::bootstrap
