#include "reduce/reduce.h"

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

}  // namespace weft::reduce
