// The tuning file that weft-tune adds to.
#pragma once

#include <functional>
#include <string>

#include "tuner/tuning.h"

namespace weft::perf {

// Where it is kept: `named`, or where weft looks for it by itself. Throws std::runtime_error where
// there is no such place.
std::string tuning_path(const std::string& named);

// Reads the file (an empty one where there is none, or one of another version or machine), lets
// `change` work on it, and writes it back.
void update_tuning(const std::string& path, const std::function<void(tuner::Tuning&)>& change);

}  // namespace weft::perf
