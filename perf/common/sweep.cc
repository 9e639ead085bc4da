#include "perf/common/sweep.h"

#include <weft/collective_traits.h>

#include "perf/common/check.h"
#include "perf/common/names.h"

#include <algorithm>

namespace weft::perf {
namespace {

// The buffers of a whole sweep: as large as its largest call needs.
struct Buffers {
  Memory input;
  Memory output;
};

Buffers allocate_buffers(Candidate& candidate, const Sweep& sweep) {
  std::size_t bytes = 64;
  for (const DataType type : sweep.types) {
    for (const std::size_t size : sweep.sizes) {
      Operation operation{.collective = sweep.collective, .type = type};
      operation.count = count_for(sweep.collective, type, size, candidate.size());
      bytes = std::max(bytes, size_column(operation, candidate.size()));
    }
  }
  return {candidate.allocate(bytes), candidate.allocate(bytes)};
}

// In place: as weft and NCCL define it, one's own block of the larger buffer.
void place(Operation& operation, Placement placement, const Buffers& buffers, int rank) {
  operation.in_place = placement == Placement::in_place;
  operation.input = buffers.input.get();
  operation.output = buffers.output.get();
  if (!operation.in_place) return;
  auto* whole = static_cast<std::byte*>(buffers.output.get());
  const CollectiveTraits& traits = traits_of(operation.collective);
  std::byte* own =
      whole + traits.own_block_offset(operation.count, rank) * element_bytes(operation.type);
  operation.input = traits.input == Holding::own_block ? own : whole;
  operation.output = traits.output == Holding::own_block ? own : whole;
}

Measurement measure_in_placement(Candidate& candidate, const Sweep& sweep, LineProbe& probe,
                                 const Operation& operation, std::size_t bytes) {
  Measurement result;
  PlacementGuard guard(candidate, probe, sweep.gate);
  result.line_before_ns = guard.wait();
  const Keep keep = sweep.gate.open() ? Keep() : [&] { return guard.held(); };
  result.setting = sweep.setting;
  result.timing = sweep.setting.in_a_loop() ? measure(candidate, bytes, sweep.effort, keep)
                                            : measure_apart(candidate, operation, bytes,
                                                            sweep.effort, sweep.setting, keep);
  result.line_after_ns = probe.one_way_ns();
  return result;
}

// The check runs before timing (a first call) and after it (many calls later).
Measurement measure_one(Candidate& candidate, const Sweep& sweep, LineProbe& probe,
                        const Operation& operation, std::size_t bytes, std::uint64_t& seed) {
  candidate.prepare(operation);
  const bool check = sweep.check && traits_of(operation.collective).moves_data();
  const std::int64_t wrong = check ? check_once(candidate, operation, ++seed) : 0;
  Measurement result = measure_in_placement(candidate, sweep, probe, operation, bytes);
  if (check) result.wrong = wrong + check_once(candidate, operation, ++seed);
  return result;
}

std::vector<Operation> operations_of(const Sweep& sweep) {
  const CollectiveTraits& traits = traits_of(sweep.collective);
  std::vector<Operation> operations;
  for (const DataType type : sweep.types) {
    for (const ReduceOp op : sweep.ops) {
      for (const int root : sweep.roots) {
        operations.push_back(
            {.collective = sweep.collective, .type = type, .op = op, .root = root});
        if (!traits.rooted()) break;
      }
      if (!traits.reduces) break;
    }
    if (!traits.moves_data()) break;
  }
  return operations;
}

}  // namespace

std::int64_t run_sweep(Candidate& candidate, const Sweep& sweep,
                       const std::vector<Reporter*>& reporters) {
  const Buffers buffers = allocate_buffers(candidate, sweep);
  LineProbe probe(candidate);
  const bool is_barrier = !traits_of(sweep.collective).moves_data();
  const std::vector<std::size_t> sizes = is_barrier ? std::vector<std::size_t>{1} : sweep.sizes;
  std::int64_t wrong = 0;
  std::uint64_t seed = 0;
  for (Operation operation : operations_of(sweep)) {
    for (const std::size_t size : sizes) {
      operation.count = count_for(sweep.collective, operation.type, size, candidate.size());
      Row row;
      row.bytes = size_column(operation, candidate.size());
      for (const Placement placement : sweep.placements) {
        if (is_barrier && placement == Placement::in_place) continue;
        place(operation, placement, buffers, candidate.rank());
        if (!candidate.supports(operation)) continue;
        Measurement result = measure_one(candidate, sweep, probe, operation, row.bytes, seed);
        wrong += result.wrong.value_or(0);
        for (Reporter* reporter : reporters) reporter->measured(operation, row.bytes, result);
        (operation.in_place ? row.in_place : row.out_of_place) = std::move(result);
      }
      row.operation = operation;
      if (!row.out_of_place && !row.in_place) continue;
      for (Reporter* reporter : reporters) reporter->row(row);
    }
  }
  return wrong;
}

}  // namespace weft::perf
