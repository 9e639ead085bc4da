// What processor this machine has.
#pragma once

#include <string>

namespace weft::topology {

// "Intel(R) Xeon(R) Platinum 8480+"; "unknown" where the system does not tell.
std::string cpu_model();

}  // namespace weft::topology
