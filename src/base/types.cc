#include <weft/collective.h>
#include <weft/collective_traits.h>
#include <weft/decode.h>
#include <weft/types.h>

#include <array>

namespace weft {
namespace {

template <typename Enum, std::size_t N>
std::string_view look_up(const std::array<std::string_view, N>& names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? names[index] : "?";
}

}  // namespace

std::size_t size_of(DataType type) noexcept {
  constexpr std::array<std::size_t, kDataTypes> kSizes = {4, 8, 2, 2, 1, 1, 4, 4, 8, 8};
  const auto index = static_cast<std::size_t>(type);
  return index < kSizes.size() ? kSizes[index] : 0;
}

std::string_view name_of(DataType type) noexcept {
  constexpr std::array<std::string_view, kDataTypes> kNames = {"f32", "f64", "f16", "bf16", "i8",
                                                               "u8",  "i32", "u32", "i64",  "u64"};
  return look_up(kNames, type);
}

std::string_view name_of(ReduceOp op) noexcept {
  constexpr std::array<std::string_view, kReduceOps> kNames = {"sum", "prod", "min", "max", "avg"};
  return look_up(kNames, op);
}

std::string_view name_of(Collective collective) noexcept { return traits_of(collective).name; }

std::string_view name_of(Quantization form) noexcept {
  constexpr std::array<std::string_view, 2> kNames = {"int8", "fp8_e4m3"};
  return look_up(kNames, form);
}

}  // namespace weft
