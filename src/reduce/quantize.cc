// The kernels of quantize.h.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/quantize.cc"
#include "reduce/targets.h"

#include <hwy/foreach_target.h>

#include "reduce/quantize-inl.h"
#include "reduce/quantize.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {
template <class Code>
Codec codec_of(DataType type) {
  return pick_float(
      type, []<class T>(T) -> Codec { return {encode<T, Code>, decode<T, Code>, recode<Code>}; });
}
Codec choose_codec(DataType type, Quantization form) {
  return form == Quantization::int8 ? codec_of<Int8>(type) : codec_of<Fp8>(type);
}
}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::reduce {
HWY_EXPORT(choose_codec);
Codec codec(DataType type, Quantization form) {
  return HWY_DYNAMIC_DISPATCH(choose_codec)(type, form);
}
}  // namespace weft::reduce
#endif
