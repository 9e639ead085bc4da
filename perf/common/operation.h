// One collective call as a benchmark sees it: what is called, on how much, and what nccl-tests
// prints for it.
#pragma once

#include <weft/collective.h>
#include <weft/types.h>

#include <cstddef>

namespace weft::perf {

struct Operation {
  Collective collective = Collective::all_reduce;
  DataType type = DataType::f32;
  ReduceOp op = ReduceOp::sum;
  int root = 0;
  std::size_t count = 0;  // the call's count: per rank for reduce_scatter and all_gather
  bool in_place = false;
  const void* input = nullptr;
  void* output = nullptr;
};

// The call's count for a size in nccl-tests' sense: the bytes of the larger buffer. At least one
// element (per rank).
std::size_t count_for(Collective collective, DataType type, std::size_t bytes, int ranks);

// The size column: bytes of the larger buffer, 0 for a barrier.
std::size_t size_column(const Operation& operation, int ranks);

// What algbw is multiplied by to make busbw, as nccl-tests defines it.
double bus_factor(Collective collective, int ranks);

// GB/s, with GB = 1e9 bytes.
double bandwidth(std::size_t bytes, double microseconds);

}  // namespace weft::perf
