// The loops a direct reduction is made of, in the widest vectors of the processor.
#pragma once

#include <cstddef>

namespace weft::perf {

// Sums `a` and `b` to `first` and, where it is not null, to `second`. No operands overlap. The
// streaming kernel writes past the caches and fences before it returns.
using SumKernel = void (*)(float* first, float* second, const float* a, const float* b,
                           std::size_t count);

SumKernel cached_sum();
SumKernel streaming_sum();

// memcpy that writes past the caches. `bytes` is a multiple of 64, both pointers 64-byte aligned.
void streaming_copy(void* destination, const void* source, std::size_t bytes);

}  // namespace weft::perf
