// The options that name a sweep's sizes: nccl-tests' letters.
#pragma once

#include "perf/common/sizes.h"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace weft::perf {

// As typed.
struct SizeRange {
  std::string min_bytes = "8";
  std::string max_bytes = "128M";
  std::size_t factor = 2;
};

// Adds the options to `app`; `range` outlives it.
inline void add_size_options(CLI::App& app, SizeRange& range) {
  app.add_option("-b,--minbytes", range.min_bytes, "Smallest size: 8, 4K, 1M")
      ->capture_default_str();
  app.add_option("-e,--maxbytes", range.max_bytes, "Largest size")->capture_default_str();
  app.add_option("-f,--stepfactor", range.factor, "Each size is the one before times this")
      ->capture_default_str();
}

// Throws std::invalid_argument that says what is wrong.
inline std::vector<std::size_t> sizes_of(const SizeRange& range, std::size_t increment = 0) {
  return sweep_sizes(parse_size(range.min_bytes), parse_size(range.max_bytes), range.factor,
                     increment);
}

}  // namespace weft::perf
