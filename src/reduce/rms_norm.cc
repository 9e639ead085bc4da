// The kernels of rms_norm.h.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/rms_norm.cc"
#include "reduce/targets.h"

#include <hwy/foreach_target.h>

#include "reduce/rms_norm-inl.h"
#include "reduce/rms_norm.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {
RmsNormKernel choose_rms_norm(DataType type) {
  return pick_float(type, []<class T>(T) -> RmsNormKernel { return rms_norm<T>; });
}
}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::reduce {
HWY_EXPORT(choose_rms_norm);
RmsNormKernel rms_norm_kernel(DataType type) { return HWY_DYNAMIC_DISPATCH(choose_rms_norm)(type); }
}  // namespace weft::reduce
#endif
