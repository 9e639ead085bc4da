#include <weft/collective.h>
#include <weft/collective_traits.h>
#include <weft/data_type.h>
#include <weft/decode.h>

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
  const DataTypeTraits* traits = traits_of(type);
  return traits == nullptr ? 0 : traits->bytes;
}

std::string_view name_of(DataType type) noexcept {
  const DataTypeTraits* traits = traits_of(type);
  return traits == nullptr ? "?" : traits->name;
}

std::string_view name_of(ReduceOp op) noexcept {
  const ReduceOpTraits* traits = traits_of(op);
  return traits == nullptr ? "?" : traits->name;
}

std::string_view name_of(Collective collective) noexcept { return traits_of(collective).name; }

std::string_view name_of(Quantization form) noexcept {
  constexpr std::array<std::string_view, 2> kNames = {"int8", "fp8_e4m3"};
  return look_up(kNames, form);
}

}  // namespace weft
