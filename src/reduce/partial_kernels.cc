// The kernels between f16 or bf16 and their partial sums.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/partial_kernels.cc"
#include "reduce/targets.h"

#include <hwy/foreach_target.h>

#include "reduce/kernels.h"
#include "reduce/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {
PartialKernel half_partial_kernel(DataType type, ReduceOp op) {
  return type == DataType::f16 ? partial_kernel_of<F16>(op) : partial_kernel_of<Bf16>(op);
}
}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::reduce {
HWY_EXPORT(half_partial_kernel);
PartialKernel choose_half_partial_kernel(DataType type, ReduceOp op) {
  return HWY_DYNAMIC_DISPATCH(half_partial_kernel)(type, op);
}
}  // namespace weft::reduce
#endif
