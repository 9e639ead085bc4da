// How rank 0 of a TCP start-up collects the others.
#pragma once

#include "bootstrap/connection.h"

#include "base/log.h"

#include <string>
#include <vector>

namespace weft::bootstrap {

// Accepts until ranks 1 to size - 1 have come, welcomes them and returns their connections: element
// r - 1 is rank r's. What is no rank of this job is dropped and logged. Throws Error(timeout)
// naming who is missing, after telling those who came.
std::vector<Connection> collect_ranks(const Socket& listener, int size, const Deadline& deadline,
                                      const Log& log);

}  // namespace weft::bootstrap
