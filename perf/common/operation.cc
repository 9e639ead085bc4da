#include "perf/common/operation.h"

#include "perf/common/names.h"

#include <weft/collective_traits.h>

#include <algorithm>

namespace weft::perf {

std::size_t count_for(Collective collective, DataType type, std::size_t bytes, int ranks) {
  const CollectiveTraits& traits = traits_of(collective);
  if (!traits.moves_data()) return 0;
  std::size_t elements = bytes / element_bytes(type);
  if (traits.block_per_rank()) elements /= static_cast<std::size_t>(ranks);
  return std::max<std::size_t>(elements, 1);
}

std::size_t size_column(const Operation& operation, int ranks) {
  return element_bytes(operation.type) *
         traits_of(operation.collective).message_elements(operation.count, ranks);
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
