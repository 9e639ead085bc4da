// What the machine could do at best, read from a file that weft-limits wrote.
#pragma once

#include "perf/common/operation.h"

#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <tuple>

namespace weft::perf {

class LimitsTable {
 public:
  // Reads JSON lines. Throws std::runtime_error naming the file where it cannot be read or holds no
  // limits.
  static LimitsTable load(const std::string& path);
  static LimitsTable parse(std::istream& lines);

  // Microseconds the best strategy took for this collective and rank count; between measured sizes
  // interpolated on logarithmic scales, none outside of them. Other element types move the same
  // bytes: the limit is f32's.
  std::optional<double> microseconds(Collective collective, int ranks, std::size_t bytes) const;

  bool empty() const { return limits_.empty(); }

 private:
  std::map<std::pair<std::string, int>, std::map<std::size_t, double>> limits_;
};

}  // namespace weft::perf
