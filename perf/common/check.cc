#include "perf/common/check.h"

#include <weft/collective_traits.h>

#include "perf/common/names.h"
#include "perf/common/pattern.h"

namespace weft::perf {
namespace {

void prepare_buffers(const Operation& operation, const Pattern& pattern, int rank, int ranks) {
  const std::size_t bytes = element_bytes(operation.type);
  const CollectiveTraits& traits = traits_of(operation.collective);
  const std::size_t inputs = traits.input_elements(operation.count, ranks);
  // In place, the output is poisoned first and the input written over its part.
  poison(operation.output, traits.output_elements(operation.count, ranks) * bytes);
  void* input = const_cast<void*>(operation.input);  // the loop owns it
  if (traits.reads(rank, operation.root)) {
    pattern.fill(rank, input, inputs);
  } else {
    poison(input, inputs * bytes);
  }
}

std::size_t wrong_here(const Operation& operation, const Pattern& pattern, int rank, int ranks) {
  const std::size_t count = operation.count;
  const auto* output = static_cast<const std::byte*>(operation.output);
  std::size_t wrong = 0;
  switch (operation.collective) {
    case Collective::all_reduce:
      return pattern.wrong_reduced(output, 0, count);
    case Collective::reduce_scatter:
      return pattern.wrong_reduced(output, static_cast<std::size_t>(rank) * count, count);
    case Collective::reduce:
      return rank == operation.root ? pattern.wrong_reduced(output, 0, count) : 0;
    case Collective::broadcast:
      return pattern.wrong_input(operation.root, output, count);
    case Collective::all_gather:
      for (int from = 0; from < ranks; ++from) {
        const std::size_t offset =
            static_cast<std::size_t>(from) * count * element_bytes(operation.type);
        wrong += pattern.wrong_input(from, output + offset, count);
      }
      return wrong;
    case Collective::barrier:
      return 0;
  }
  return 0;
}

}  // namespace

std::int64_t check_once(Candidate& candidate, const Operation& operation, std::uint64_t seed) {
  if (!traits_of(operation.collective).moves_data()) {
    candidate.run();
    return 0;
  }
  const int rank = candidate.rank();
  const int ranks = candidate.size();
  const Pattern pattern(operation.type, operation.op, ranks, seed);
  candidate.barrier();  // nobody may still read or write what is filled now
  prepare_buffers(operation, pattern, rank, ranks);
  candidate.barrier();
  candidate.run();
  candidate.barrier();
  return candidate.sum_over_ranks(
      static_cast<std::int64_t>(wrong_here(operation, pattern, rank, ranks)));
}

}  // namespace weft::perf
