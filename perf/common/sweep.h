// The loop all programs share: every size, type, operator and root; out of place, then in place.
#pragma once

#include "perf/common/candidate.h"
#include "perf/common/line_probe.h"
#include "perf/common/setting.h"
#include "perf/common/timing.h"

#include <optional>
#include <vector>

namespace weft::perf {

enum class Placement { out_of_place, in_place };

struct Sweep {
  Collective collective = Collective::all_reduce;
  std::vector<std::size_t> sizes;  // bytes, as nccl-tests counts them
  std::vector<DataType> types = {DataType::f32};
  std::vector<ReduceOp> ops = {ReduceOp::sum};
  std::vector<int> roots = {0};
  std::vector<Placement> placements = {Placement::out_of_place, Placement::in_place};
  Effort effort;
  Setting setting;
  bool check = true;
  LineGate gate;  // with two ranks: the placement of their cores to measure in
};

struct Measurement {
  Timing timing;
  Setting setting;
  std::optional<std::int64_t> wrong;     // unset where nothing was checked
  std::optional<double> line_before_ns;  // a cache line's one-way time between the two ranks' cores
  std::optional<double> line_after_ns;
};

// One line of the table.
struct Row {
  Operation operation;
  std::size_t bytes = 0;
  std::optional<Measurement> out_of_place;
  std::optional<Measurement> in_place;
};

// Receives results as they come; rank 0 has reporters, other ranks none.
class Reporter {
 public:
  virtual ~Reporter() = default;
  // After each placement.
  virtual void measured(const Operation& operation, std::size_t bytes,
                        const Measurement& result) = 0;
  // After both.
  virtual void row(const Row& row) = 0;
};

// Collective. Returns the number of wrong elements of all ranks and sizes.
std::int64_t run_sweep(Candidate& candidate, const Sweep& sweep,
                       const std::vector<Reporter*>& reporters);

}  // namespace weft::perf
