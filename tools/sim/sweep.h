// Prices all candidates of a collective for all sizes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "algorithms/registry.h"
#include "options.h"
#include "tuner/cost.h"

namespace weft::tools {

// One candidate at one size, in the best way found to run it.
struct Price {
  double ns = 0;
  int lanes = 1;
  Protocol protocol = Protocol::bulk;
  int passes = 1;
  int simulated_passes = 1;
  // Too large for a second pass: the others were taken to follow without overlap.
  bool rough() const { return simulated_passes == 1 && passes > 1; }
};

struct SimulatedAlgorithm {
  const algorithms::Algorithm* algorithm = nullptr;
  std::uint64_t steps = 0;  // of all ranks in one pass of one lane, estimated from a few ranks
  std::string left_out;     // why it was not priced; empty: it was
  std::vector<std::optional<Price>> prices;  // by size; none where it does not fit
};

struct Sweep {
  Collective collective = Collective::all_reduce;
  tuner::Fabric fabric;
  Segment segment;
  std::vector<std::size_t> sizes;
  std::vector<SimulatedAlgorithm> candidates;

  // Of the candidates: the quickest for a size, or null.
  const SimulatedAlgorithm* winner(std::size_t size) const;
};

// Shows its progress on a terminal. Throws as options.h says.
Sweep sweep(const SimOptions& options);

}  // namespace weft::tools
