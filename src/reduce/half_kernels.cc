// The kernels of f16 and bf16.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/half_kernels.cc"
#include "reduce/targets.h"

#include <hwy/foreach_target.h>

#include "reduce/kernel-inl.h"
#include "reduce/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {
Kernel half_kernel(DataType type, ReduceOp op) {
  return type == DataType::f16 ? kernel_of<F16>(op) : kernel_of<Bf16>(op);
}
}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::reduce {
HWY_EXPORT(half_kernel);
Kernel choose_half_kernel(DataType type, ReduceOp op) {
  return HWY_DYNAMIC_DISPATCH(half_kernel)(type, op);
}
}  // namespace weft::reduce
#endif
