// The file that weft-tune keeps: rank 0 reads it and the others get its text, so that all choose
// alike.
#pragma once

#include <string>

#include "base/config.h"
#include "tuner/tuning.h"

namespace weft {

// For rank 0: the text to share; empty where there is no file, or one that is of another version of
// weft or another machine, or (unless it was named) cannot be read: then the log says so. What is
// wrong with a file that was named is shared too, behind a '!'.
std::string read_tuning(const Config& config, const Log& log);

// For every rank, the text that rank 0 shared. What it says of the machine counts from now on for
// the whole process. Throws Error(invalid_argument) where a file that was named cannot be used.
tuner::Tuning use_tuning(const std::string& shared);

}  // namespace weft
