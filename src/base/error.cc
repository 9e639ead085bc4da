#include <weft/error.h>

#include <array>

namespace weft {

Error::~Error() = default;

std::string_view name_of(ErrorCode code) noexcept {
  constexpr std::array<std::string_view, 11> kNames = {
      "ok",           "invalid_argument", "mismatch",     "timeout",   "peer_failed", "poisoned",
      "no_resources", "unsupported",      "abi_mismatch", "bootstrap", "internal"};
  const auto index = static_cast<std::size_t>(code);
  return index < kNames.size() ? kNames[index] : "?";
}

}  // namespace weft
