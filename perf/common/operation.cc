#include "perf/common/operation.h"

#include "perf/common/names.h"

#include <algorithm>

namespace weft::perf {

std::size_t count_for(Collective collective, DataType type, std::size_t bytes, int ranks) {
  if (collective == Collective::barrier) return 0;
  std::size_t elements = bytes / element_bytes(type);
  if (collective == Collective::reduce_scatter || collective == Collective::all_gather) {
    elements /= static_cast<std::size_t>(ranks);
  }
  return std::max<std::size_t>(elements, 1);
}

std::size_t input_elements(Collective collective, std::size_t count, int ranks) {
  return collective == Collective::reduce_scatter ? count * static_cast<std::size_t>(ranks) : count;
}

std::size_t output_elements(Collective collective, std::size_t count, int ranks) {
  return collective == Collective::all_gather ? count * static_cast<std::size_t>(ranks) : count;
}

std::size_t size_column(const Operation& operation, int ranks) {
  return element_bytes(operation.type) *
         std::max(input_elements(operation.collective, operation.count, ranks),
                  output_elements(operation.collective, operation.count, ranks));
}

double bus_factor(Collective collective, int ranks) {
  const double p = ranks;
  switch (collective) {
    case Collective::all_reduce:
      return 2 * (p - 1) / p;
    case Collective::reduce_scatter:
    case Collective::all_gather:
      return (p - 1) / p;
    default:
      return 1;
  }
}

double bandwidth(std::size_t bytes, double microseconds) {
  return microseconds > 0 ? static_cast<double>(bytes) / 1e3 / microseconds : 0;
}

}  // namespace weft::perf
