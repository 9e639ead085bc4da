// The kernels of i64 and u64.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/int64_kernels.cc"
#include "reduce/targets.h"

#include <hwy/foreach_target.h>

#include "reduce/kernel-inl.h"
#include "reduce/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {
Kernel int64_kernel(DataType type, ReduceOp op) {
  return type == DataType::i64 ? kernel_of<std::int64_t>(op) : kernel_of<std::uint64_t>(op);
}
}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::reduce {
HWY_EXPORT(int64_kernel);
Kernel choose_int64_kernel(DataType type, ReduceOp op) {
  return HWY_DYNAMIC_DISPATCH(int64_kernel)(type, op);
}
}  // namespace weft::reduce
#endif
