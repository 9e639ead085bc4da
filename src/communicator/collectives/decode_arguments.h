// The calls that decoding makes, and checks of their arguments before anything is sent.
#pragma once

#include <weft/decode.h>

#include "executor/call.h"

namespace weft {

// As plan_all_reduce_rms_norm() takes it.
struct RmsNormCall {
  const void* input = nullptr;
  void* output = nullptr;
  std::size_t rows = 0;
  DataType type = DataType::f32;
  RmsNorm norm;

  executor::Call call() const;
  std::size_t row_bytes() const { return norm.hidden * size_of(type); }
  std::size_t bytes() const { return rows * row_bytes(); }
  // What must be the same everywhere beside the call.
  std::uint64_t detail() const;
};

// As plan_all_reduce_quantized() takes it.
struct QuantizedCall {
  const void* input = nullptr;
  void* output = nullptr;
  std::size_t count = 0;
  DataType type = DataType::f32;
  Quantization form = Quantization::int8;

  executor::Call call() const;
  std::size_t bytes() const { return count * size_of(type); }
};

// Throw Error(invalid_argument) naming the call and the argument.
void check_arguments(const RmsNormCall& call);
void check_arguments(const QuantizedCall& call);

}  // namespace weft
