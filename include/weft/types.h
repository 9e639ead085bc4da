/// The vocabulary every part of weft shares: element types, reduction operators and collectives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(_WIN32)
#error "weft supports Linux only"
#endif

/// Marks what libweft exports; everything else is hidden.
#define WEFT_API __attribute__((visibility("default")))

namespace weft {

/// Element types. f16 is IEEE 754 binary16, bf16 is bfloat16; both are reduced in f32.
enum class DataType : std::uint8_t { f32, f64, f16, bf16, i8, u8, i32, u32, i64, u64 };
inline constexpr int kDataTypes = 10;

/// Reduction operators. `avg` is the sum divided by the number of ranks (integers: rounded towards
/// zero).
enum class ReduceOp : std::uint8_t { sum, prod, min, max, avg };
inline constexpr int kReduceOps = 5;

/// The collective operations.
enum class Collective : std::uint8_t {
  all_reduce,
  reduce_scatter,
  all_gather,
  broadcast,
  reduce,
  barrier,
};
inline constexpr int kCollectives = 6;

/// Block-scaled 8-bit forms that an all-reduce may move its data in: 128 elements share one scale.
enum class Quantization : std::uint8_t {
  int8,      ///< 255 even steps from -max to max of the block
  fp8_e4m3,  ///< OCP 8-bit floating point: 3 bits of mantissa, 17 binades below the block's max
};

/// Bytes of one element; 0 for a value that is no DataType.
WEFT_API std::size_t size_of(DataType type) noexcept;

/// The enumerator's name as written above, or "?" for a value outside the enumeration.
WEFT_API std::string_view name_of(DataType type) noexcept;
WEFT_API std::string_view name_of(ReduceOp op) noexcept;
WEFT_API std::string_view name_of(Collective collective) noexcept;
WEFT_API std::string_view name_of(Quantization form) noexcept;

}  // namespace weft
