// Checks a call's arguments before anything is sent.
#pragma once

#include "executor/call.h"

namespace weft {

// Throws Error(invalid_argument) naming the call and the argument: unknown dtype, op or root, a
// count that overflows, null or overlapping buffers.
void check_arguments(const executor::Call& call, int rank, int ranks, const void* input,
                     const void* output);

// Bytes of a rank's input and output.
struct BufferBytes {
  std::size_t input = 0;
  std::size_t output = 0;
};
BufferBytes buffer_bytes(const executor::Call& call, int ranks);

}  // namespace weft
