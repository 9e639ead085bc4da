#include "reduce/reduce.h"

#include <weft/data_type.h>

#include <bit>

#include "reduce/kernels.h"

namespace weft::reduce {

Kernel kernel(DataType type, ReduceOp op) {
  switch (type) {
    case DataType::f32:
    case DataType::f64:
      return choose_float_kernel(type, op);
    case DataType::f16:
    case DataType::bf16:
      return choose_half_kernel(type, op);
    case DataType::i8:
    case DataType::u8:
      return choose_int8_kernel(type, op);
    case DataType::i32:
    case DataType::u32:
      return choose_int32_kernel(type, op);
    case DataType::i64:
    case DataType::u64:
      return choose_int64_kernel(type, op);
  }
  return nullptr;
}

PartialKernel partial_kernel(DataType type, ReduceOp op) {
  return partial_shift(type, op) > 0 ? choose_half_partial_kernel(type, op) : nullptr;
}

unsigned partial_shift(DataType type, ReduceOp op) {
  if (!is_floating(type) || !traits_of(op)->rounds) return 0;
  return static_cast<unsigned>(std::countr_zero(size_of(traits_of(type)->sums) / size_of(type)));
}

}  // namespace weft::reduce
