/// Sums of f32 that do not depend on their order: in 64-bit fixed point.
///
/// The contributions of the groups to a layer's output are each computed in f32, and added here as
/// integers. Integer addition is associative, so it does not matter which groups one rank adds up
/// before an all-reduce, nor in which order the all-reduce adds: the result has the same bits for
/// every number of ranks, over every library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace inference {

/// 32 bits behind the point; contributions below 2^20 in magnitude, at most 2^10 of them.
inline constexpr double kFixedOne = 4294967296.0;
inline constexpr float kFixedLimit = 1048576.0f;

/// sums[i] += values[i]. Throws Problem for a value that is no number or too large.
void add_exactly(std::span<std::int64_t> sums, const float* values);

/// values[i] += sums[i].
void add_sums(float* values, std::span<const std::int64_t> sums);

}  // namespace inference
