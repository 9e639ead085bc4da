// The kernels of i32 and u32.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/int32_kernels.cc"
#include "reduce/targets.h"

#include <hwy/foreach_target.h>

#include "reduce/kernel-inl.h"
#include "reduce/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {
Kernel int32_kernel(DataType type, ReduceOp op) {
  return type == DataType::i32 ? kernel_of<std::int32_t>(op) : kernel_of<std::uint32_t>(op);
}
}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::reduce {
HWY_EXPORT(int32_kernel);
Kernel choose_int32_kernel(DataType type, ReduceOp op) {
  return HWY_DYNAMIC_DISPATCH(int32_kernel)(type, op);
}
}  // namespace weft::reduce
#endif
