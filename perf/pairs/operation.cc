#include "perf/pairs/operation.h"

#include <algorithm>
#include <array>

namespace weft::perf {
namespace {

constexpr std::array<std::string_view, 4> kWays = {"send", "channel", "put", "get"};
constexpr std::array<PairWay, 4> kAllWays = {PairWay::send, PairWay::channel, PairWay::put,
                                             PairWay::get};

}  // namespace

std::size_t window_of(const PairOperation& operation) {
  constexpr std::size_t kBytes = std::size_t{16} << 20;
  if (!operation.mode.bandwidth) return 1;
  return std::clamp<std::size_t>(kBytes / std::max<std::size_t>(operation.bytes, 1), 1, 64);
}

std::string text_of(PairMode mode) {
  return std::string(kWays.at(static_cast<std::size_t>(mode.way))) +
         (mode.bandwidth ? "_bw" : "_lat");
}

std::optional<PairMode> find_pair_mode(std::string_view text) {
  for (const PairWay way : kAllWays) {
    for (const bool bandwidth : {false, true}) {
      if (text_of({way, bandwidth}) == text) return PairMode{way, bandwidth};
    }
  }
  return std::nullopt;
}

std::string list_of_pair_modes() {
  std::string list;
  for (const PairWay way : kAllWays) {
    for (const bool bandwidth : {false, true}) {
      list += (list.empty() ? "" : ", ") + text_of({way, bandwidth});
    }
  }
  return list;
}

}  // namespace weft::perf
