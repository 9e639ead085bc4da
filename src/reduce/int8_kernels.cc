// The kernels of i8 and u8.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/int8_kernels.cc"
#include "reduce/targets.h"

#include <hwy/foreach_target.h>

#include "reduce/kernel-inl.h"
#include "reduce/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {
Kernel int8_kernel(DataType type, ReduceOp op) {
  return type == DataType::i8 ? kernel_of<std::int8_t>(op) : kernel_of<std::uint8_t>(op);
}
}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::reduce {
HWY_EXPORT(int8_kernel);
Kernel choose_int8_kernel(DataType type, ReduceOp op) {
  return HWY_DYNAMIC_DISPATCH(int8_kernel)(type, op);
}
}  // namespace weft::reduce
#endif
