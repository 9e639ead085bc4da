// Block-scaled 8-bit forms of floating-point tensors, and sums of them.
//
// An encoded tensor is a row of blocks of kBlockBytes: an f32 scale s, then kBlockElements codes
// c; element = c * s. The last block is filled up with zeros. s has at most 16 significant bits, so
// that c * s is exact in f32: what a sum is does not depend on whether it is contracted with the
// addition, and so not on the instruction set.
//
//   int8: s = max|x| / 127, c = x / s rounded to nearest even.
//   fp8_e4m3: s = max|x| / 448, c = x / s in OCP E4M3 (4 exponent bits, 3 of mantissa, no
//   infinity; OCP 8-bit Floating Point Specification, 2023), rounded to nearest even.
//
// A block that holds a NaN or an infinity becomes NaN as a whole (s is NaN). One without magnitudes
// of 2^-100 or more becomes zero, exactly.
#pragma once

#include <weft/decode.h>
#include <weft/types.h>

#include <cstddef>

#include "reduce/reduce.h"

namespace weft::reduce {

inline constexpr std::size_t kBlockElements = 128;
inline constexpr std::size_t kBlockBytes = sizeof(float) + kBlockElements;

// Bytes of `count` elements, encoded.
constexpr std::size_t encoded_bytes(std::size_t count) {
  return (count + kBlockElements - 1) / kBlockElements * kBlockBytes;
}

struct Codec {
  // Encodes `count` elements of the type into encoded_bytes(count).
  void (*encode)(const void* src, std::size_t count, std::byte* blocks) = nullptr;
  // dst = srcs[0] + srcs[1] + ..., added up in this order in f32, rounded once to the type.
  void (*decode)(const std::byte* const* srcs, int src_count, void* dst,
                 std::size_t count) = nullptr;
  // The sum of encoded tensors, encoded anew: a Kernel whose count is bytes of whole blocks.
  Kernel recode = nullptr;
};

// f32, f16 and bf16; nulls for other types.
Codec codec(DataType type, Quantization form);

}  // namespace weft::reduce
