// Sums of rows, added to a residual and normalised while they are in the caches.
#pragma once

#include <weft/types.h>

#include <cstddef>

namespace weft::reduce {

// Arguments of one call. Every operand holds `rows` rows of `hidden` elements, one after another;
// none asks for alignment.
struct RmsNormRows {
  const void* const* srcs = nullptr;  // added up in this order, in f32
  int src_count = 0;                  // 1 to 8
  const void* residual = nullptr;     // added last
  void* const* sums = nullptr;        // where the sum goes, rounded once; one may be `residual`
  void* const* dsts = nullptr;        // where the normalised row goes; each may be one of `srcs`
  int dst_count = 0;                  // of `sums` and of `dsts`, 1 to 8
  const void* weight = nullptr;       // one row
  std::size_t rows = 0;
  std::size_t hidden = 0;
  float epsilon = 0;
};

// sum = srcs[0] + srcs[1] + ... + residual; dst = sum * weight / sqrt(mean(sum^2) + epsilon), of
// the sum as it is stored (Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019). The
// mean is taken in f64 and in a fixed order: results depend neither on alignment nor on the
// instruction set, bit for bit. NaNs that result are the positive quiet one.
using RmsNormKernel = void (*)(const RmsNormRows& rows);

// The kernel of f32, f16 or bf16; null for other types.
RmsNormKernel rms_norm_kernel(DataType type);

}  // namespace weft::reduce
