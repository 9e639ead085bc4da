/// The collective operations, by name.
#pragma once

#include <weft/export.h>

#include <cstdint>
#include <string_view>

namespace weft {

/// The collective operations; Communicator's calls of these names say what each computes.
enum class Collective : std::uint8_t {
  all_reduce,
  reduce_scatter,
  all_gather,
  broadcast,
  reduce,
  barrier,
};
inline constexpr int kCollectives = 6;

/// The enumerator's name as written above, or "?" for a value outside the enumeration.
WEFT_API std::string_view name_of(Collective collective) noexcept;

}  // namespace weft
