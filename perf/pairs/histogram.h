// How often a message took how long.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace weft::perf {

// (a bin's lower bound, samples in it), from the fastest on; empty bins are left out. A bin reaches
// to 2^(1/16) times its lower bound, about 4%, so that a tail of any length takes few of them.
std::vector<std::pair<double, std::size_t>> histogram_of(const std::vector<double>& samples);

}  // namespace weft::perf
