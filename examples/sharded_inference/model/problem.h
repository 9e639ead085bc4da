/// What a user can mend: a wrong option, a missing or broken file. The message says how.
#pragma once

#include <stdexcept>

namespace inference {

struct Problem : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace inference
