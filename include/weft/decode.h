/// What plans for decoding take beside buffers: the same small all-reduce after every layer,
/// thousands of times a second. See Communicator::plan_all_reduce() and its two variants.
#pragma once

#include <weft/types.h>

#include <cstddef>

namespace weft {

/// How a plan is made.
struct PlanOptions {
  /// Decide what runs the planned count by timing the candidates that cost least by weft's model on
  /// these ranks, a few milliseconds in all, instead of by the model alone. All ranks choose alike:
  /// what is quickest at the slowest rank. Smaller counts, of another power of two, are chosen as
  /// ever. Timed on memory of weft's own, of the same kind as the buffers, which stay untouched.
  /// Where an option or prefer() names the algorithm there is nothing to decide, and nothing is
  /// timed. Every rank must give the same.
  bool measure = false;
};

/// The tensors beside input and output of plan_all_reduce_rms_norm(), of the planned element type.
struct RmsNorm {
  const void* residual = nullptr;   ///< [rows, hidden]; the same at every rank
  void* residual_output = nullptr;  ///< [rows, hidden]; may be `residual`
  const void* weight = nullptr;     ///< [hidden]; the same at every rank
  std::size_t hidden = 0;           ///< elements of a row, at least 1
  float epsilon = 1e-6f;            ///< added to the mean square; finite and not negative
};

}  // namespace weft
