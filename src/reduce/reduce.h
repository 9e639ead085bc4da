// Element-wise reduction and copy kernels, vectorized by Google Highway with run-time dispatch.
#pragma once

#include <weft/types.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace weft::reduce {

// How results are stored. `streaming` bypasses the caches (non-temporal stores, fenced before
// return): right when the result is larger than the caches and nobody reads it soon.
enum class Store : unsigned char { cached, streaming };

// dsts[*][i] = srcs[0][i] op srcs[1][i] op ... (in this order), for i in 0 .. count-1, one pass
// over memory. 1 to 8 sources, 1 to 8 destinations. A destination equals a source exactly or does
// not overlap any. No alignment is asked for. `divisor` != 1 divides the result (avg; the op is
// then the sum); it is positive, and integers round towards zero. f16 and bf16 accumulate in f32
// and round once (to nearest even); sums of bf16 overflow only where their result does. Integers
// wrap around. min and max of floats propagate NaN and
// put -0 below +0; a NaN that results is the positive quiet one without payload. A single source
// that is not divided is copied. Results do not depend on alignment, count or instruction set, bit
// for bit. `streaming` is a wish: it is granted where every destination has the same alignment to
// registers.
using Kernel = void (*)(void* const* dsts, int dst_count, const void* const* srcs, int src_count,
                        std::size_t count, int divisor, Store store);

// The kernel of a type and an operator (avg has sum's); never null for valid arguments.
Kernel kernel(DataType type, ReduceOp op);

// Which operands are partial sums, of several bytes for each of an element.
struct Partials {
  std::uint32_t srcs = 0;  // bit s: source s; others are elements
  bool dsts = false;       // all destinations; else none
};

// A Kernel between elements and partial sums. Elements are added up as a Kernel does, but what goes
// to a partial sum is not rounded to the type: rounding is left to the step whose destinations are
// elements, however many steps come before. A single element source with partial destinations is
// widened. A destination may also begin where a wider source does.
using PartialKernel = void (*)(void* const* dsts, int dst_count, const void* const* srcs,
                               int src_count, std::size_t count, int divisor, Partials partials);

// Of f16 and bf16 with sum, avg and prod. Null for others, whose partial sums are elements.
PartialKernel partial_kernel(DataType type, ReduceOp op);

// log2 of how many elements a partial sum is as wide as; 0 where partial_kernel() is null.
unsigned partial_shift(DataType type, ReduceOp op);

// memcpy for two or more vector registers of any target.
void copy_by_registers(void* dst, const void* src, std::size_t bytes);

// memcpy, as quick where other cores hold the lines of `dst`. The C library's takes `rep movsb` for
// some KiB and more, which on AMD's Zen 4 then takes up to twice as long (docs/staging.md).
inline void copy(void* dst, const void* src, std::size_t bytes) {
  constexpr std::size_t kLibraryBytes = 2 << 10;
  if (bytes >= kLibraryBytes) return copy_by_registers(dst, src, bytes);
  if (bytes > 0) std::memcpy(dst, src, bytes);
}

// dsts[*][0 .. bytes-1] = src[0 .. bytes-1]; 1 to 8 destinations, none overlapping the source.
// Equal pointers are skipped.
void copy(void* const* dsts, int dst_count, const void* src, std::size_t bytes, Store store);

// The same where some destinations are stored through the caches and others past them.
void copy(std::span<void* const> cached, std::span<void* const> streamed, const void* src,
          std::size_t bytes);

// One of several copies that are made together.
struct Piece {
  void* dst = nullptr;
  const void* src = nullptr;
  std::size_t bytes = 0;
};

// Copies all pieces, in order; none overlaps another piece's destination. Fenced once.
void copy(std::span<const Piece> pieces, Store store);

// The instruction set chosen on this machine, e.g. "AVX3_ZEN4".
const char* target_name();

}  // namespace weft::reduce
