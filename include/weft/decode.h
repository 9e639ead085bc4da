/// Fused and quantised all-reduces, as inference engines run them while they decode: the same small
/// all-reduce after every layer, thousands of times a second.
#pragma once

#include <weft/export.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft {

/// The tensors beside input and output of Communicator::plan_all_reduce_rms_norm(). All have the
/// planned element type.
struct RmsNorm {
  const void* residual = nullptr;   ///< [rows, hidden]; the same values at every rank
  void* residual_output = nullptr;  ///< [rows, hidden]; may be `residual`
  const void* weight = nullptr;     ///< [hidden]; the same values at every rank
  std::size_t hidden = 0;           ///< elements of a row, at least 1
  float epsilon = 1e-6f;            ///< added to the mean square; finite and not negative
};

/// The block-scaled 8-bit formats in which Communicator::plan_all_reduce_quantized() moves its
/// data. 128 elements share one scale.
enum class Quantization : std::uint8_t {
  int8,      ///< 255 even steps from -max to max of the block
  fp8_e4m3,  ///< OCP 8-bit floating point: 3 bits of mantissa, 17 binades below the block's max
};

/// The enumerator's name as written above, or "?" for a value outside the enumeration.
WEFT_API std::string_view name_of(Quantization form) noexcept;

}  // namespace weft
