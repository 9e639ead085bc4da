/// One table of what element types are, and one of reduction operators: whatever depends on a type
/// looks here.
#pragma once

#include <weft/types.h>

#include <array>

namespace weft {

enum class NumberKind : std::uint8_t { floating, signed_integer, unsigned_integer };

struct DataTypeTraits {
  DataType type;
  std::string_view name;   ///< the enumerator's
  std::string_view alias;  ///< as nccl-tests write it
  std::size_t bytes;
  NumberKind kind;
  DataType sums;          ///< what sums, averages and products are taken in
  int exponent_bits = 0;  ///< of a floating-point type, as IEEE 754 encodes it
  int fraction_bits = 0;  ///< those that are stored: one less than are significant
};

inline constexpr std::array kDataTypeTraits = {
    DataTypeTraits{DataType::f32, "f32", "float", 4, NumberKind::floating, DataType::f32, 8, 23},
    DataTypeTraits{DataType::f64, "f64", "double", 8, NumberKind::floating, DataType::f64, 11, 52},
    DataTypeTraits{DataType::f16, "f16", "half", 2, NumberKind::floating, DataType::f32, 5, 10},
    DataTypeTraits{DataType::bf16, "bf16", "bfloat16", 2, NumberKind::floating, DataType::f32, 8,
                   7},
    DataTypeTraits{DataType::i8, "i8", "int8", 1, NumberKind::signed_integer, DataType::i8},
    DataTypeTraits{DataType::u8, "u8", "uint8", 1, NumberKind::unsigned_integer, DataType::u8},
    DataTypeTraits{DataType::i32, "i32", "int32", 4, NumberKind::signed_integer, DataType::i32},
    DataTypeTraits{DataType::u32, "u32", "uint32", 4, NumberKind::unsigned_integer, DataType::u32},
    DataTypeTraits{DataType::i64, "i64", "int64", 8, NumberKind::signed_integer, DataType::i64},
    DataTypeTraits{DataType::u64, "u64", "uint64", 8, NumberKind::unsigned_integer, DataType::u64},
};
static_assert(kDataTypeTraits.size() == kDataTypes);

struct ReduceOpTraits {
  ReduceOp op;
  std::string_view name;  ///< the enumerator's
  bool rounds;            ///< results of floating-point types may have to be rounded
};

inline constexpr std::array kReduceOpTraits = {
    ReduceOpTraits{ReduceOp::sum, "sum", true},  ReduceOpTraits{ReduceOp::prod, "prod", true},
    ReduceOpTraits{ReduceOp::min, "min", false}, ReduceOpTraits{ReduceOp::max, "max", false},
    ReduceOpTraits{ReduceOp::avg, "avg", true},
};
static_assert(kReduceOpTraits.size() == kReduceOps);

/// The row of a type or an operator; null for a value outside the enumeration.
constexpr const DataTypeTraits* traits_of(DataType type) noexcept {
  const auto index = static_cast<std::size_t>(type);
  return index < kDataTypeTraits.size() ? &kDataTypeTraits[index] : nullptr;
}
constexpr const ReduceOpTraits* traits_of(ReduceOp op) noexcept {
  const auto index = static_cast<std::size_t>(op);
  return index < kReduceOpTraits.size() ? &kReduceOpTraits[index] : nullptr;
}

/// Of a value that is a DataType.
constexpr bool is_floating(DataType type) noexcept {
  return traits_of(type)->kind == NumberKind::floating;
}
constexpr bool is_signed(DataType type) noexcept {
  return traits_of(type)->kind != NumberKind::unsigned_integer;
}

}  // namespace weft
