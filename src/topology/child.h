// Work that may crash or hang, done in a child process.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace weft::topology {

struct Outcome {
  bool finished = false;          // `work` returned or threw
  std::vector<std::byte> result;  // what it returned
  std::string error;              // what() of what it threw; empty: it returned
  bool late = false;              // it outlasted `patience` and was killed
  int signal = 0;                 // that ended it; 0: none that is known
  std::string printed;            // the first line that it printed to standard error, if any
};

// Forks and runs `work` there, which must not need other threads. The child may use 1 GiB of memory
// more than this process has and leaves no core file; what it prints to standard error is kept from
// the terminal. Leaves no process behind. Throws Error(no_resources) where there can be no child.
Outcome run_in_child(const std::function<std::vector<std::byte>()>& work,
                     std::chrono::milliseconds patience);

}  // namespace weft::topology
