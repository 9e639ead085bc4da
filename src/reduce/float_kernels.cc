// The kernels of f32 and f64.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/float_kernels.cc"
#include "reduce/targets.h"

#include <hwy/foreach_target.h>

#include "reduce/kernel-inl.h"
#include "reduce/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {
Kernel float_kernel(DataType type, ReduceOp op) {
  return type == DataType::f32 ? kernel_of<float>(op) : kernel_of<double>(op);
}
}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::reduce {
HWY_EXPORT(float_kernel);
Kernel choose_float_kernel(DataType type, ReduceOp op) {
  return HWY_DYNAMIC_DISPATCH(float_kernel)(type, op);
}
}  // namespace weft::reduce
#endif
