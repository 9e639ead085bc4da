// Sizes on the command line: "8", "4K", "128M" (powers of 1024), and the list a sweep walks
// through.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weft::perf {

// Bytes of a text such as "8", "4K", "4KiB", "1.5M", "2G". Throws std::invalid_argument where it is
// no size or overflows.
std::size_t parse_size(std::string_view text);

// Each of a comma-separated list, none of them 0. Throws as parse_size().
std::vector<std::size_t> parse_sizes(std::string_view list);

// "8 B", "64 KiB", "128 MiB"; inexact values keep one decimal.
std::string format_size(std::size_t bytes);

// From `min` to `max`, both included where the steps meet them: times `factor`, or plus `increment`
// where that is not 0. Throws std::invalid_argument for min > max, min == 0, or a factor below 2
// without an increment.
std::vector<std::size_t> sweep_sizes(std::size_t min, std::size_t max, std::size_t factor,
                                     std::size_t increment);

}  // namespace weft::perf
