// Sums of rows, each times a number of its own.
#pragma once

#include <weft/types.h>

#include <cstddef>

namespace weft::reduce {

inline constexpr int kMaxWeighted = 64;

// dst[i] = weights[0] * rows[0][i] + weights[1] * rows[1][i] + ..., i < elements, in this order,
// one pass over memory; zeros for no rows. In f32: every product and every sum is rounded to it,
// and the result to the type once (to nearest even). Results do not depend on alignment or
// instruction set, bit for bit; a NaN that results is the positive quiet one. 0 to kMaxWeighted
// rows; `dst` overlaps none of them; no alignment is asked for.
using WeightedSum = void (*)(void* dst, const void* const* rows, const float* weights, int count,
                             std::size_t elements);

// Of f32, f16 or bf16; null for other types.
WeightedSum weighted_sum(DataType type);

}  // namespace weft::reduce
