/// Element types and reduction operators.
#pragma once

#include <weft/export.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft {

/// Element types. f16 is IEEE 754 binary16, bf16 is bfloat16; sums, averages and products of both
/// are taken in f32 and rounded once, in every algorithm. docs/numerics.md has what is promised.
enum class DataType : std::uint8_t { f32, f64, f16, bf16, i8, u8, i32, u32, i64, u64 };
inline constexpr int kDataTypes = 10;

/// Reduction operators. `avg` is the sum divided by the number of ranks; a sum of integers wraps
/// around first, and what is divided is rounded towards zero.
enum class ReduceOp : std::uint8_t { sum, prod, min, max, avg };
inline constexpr int kReduceOps = 5;

/// Bytes of one element; 0 for a value outside the enumeration.
WEFT_API std::size_t size_of(DataType type) noexcept;

/// The enumerator's name as written above, or "?" for a value outside the enumeration.
WEFT_API std::string_view name_of(DataType type) noexcept;
WEFT_API std::string_view name_of(ReduceOp op) noexcept;

}  // namespace weft
