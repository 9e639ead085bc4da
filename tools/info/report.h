// What weft finds on this machine, as plain data.
#pragma once

#include <weft/transport.h>

#include "topology/host.h"

#include <string>
#include <utility>
#include <vector>

namespace weft::tools {

struct Finding {
  transport::Finding::Kind kind = transport::Finding::Kind::detail;
  std::string about;
  std::string text;
};

struct TransportReport {
  std::string name;
  std::string origin;  // "built in" or its file
  enum class Use {
    ready,       // communicators try it
    on_request,  // only where WEFT_TRANSPORTS names it
    left_out,    // WEFT_TRANSPORTS does not name it
    cannot_run,  // `why` says what is missing
  } use = Use::ready;
  std::string why;
  std::vector<transport::Device> devices;  // what it offers; one without a name: it has no devices
  std::vector<Finding> findings;
};

struct Refused {
  std::string origin;
  std::string reason;
};

struct Report {
  std::string version;
  std::string host;
  std::string kernel;
  topology::Host hardware;
  std::vector<std::pair<std::string, std::string>> settings;  // WEFT_... variables
  std::string plugins_from;                                   // empty: there is no such folder
  std::vector<TransportReport> transports;                    // in the order of their priority
  std::vector<Refused> refused;
  std::vector<std::string> problems;  // with these settings no communicator can be made
};

// Looks at this machine with the settings of the environment. Throws nothing but std::bad_alloc.
Report make_report();

// How many things need a look: problems, refused plugins, warnings.
std::size_t count_warnings(const Report& report);

}  // namespace weft::tools
