// The all-reduce after every layer of a decoding model, in the ways weft has of it: planned,
// measured, with RMSNorm behind it and inside it, quantised.
#pragma once

#include <weft/weft.h>

#include <cstddef>
#include <vector>

namespace weft::perf {

struct DecodeArguments {
  std::vector<std::size_t> sizes;  // bytes of a rank's input
  DataType type = DataType::f32;   // f32, f16 or bf16
  std::size_t hidden = 1024;       // elements of a row, where the size has as many
  std::size_t iterations = 5000;   // timed calls of each way and size
  bool allocated = true;           // buffers from Communicator::allocate()
};

// Collective over the ranks that `launch` makes join each other; rank 0 prints a table of its times
// of single calls. Every way takes slices of each size's calls in turn, so that what disturbs the
// machine meets all of them. Returns 0, or kExitWrong where a result was wrong. Throws Error.
int run_decode(const DecodeArguments& arguments, const Options& launch);

}  // namespace weft::perf
