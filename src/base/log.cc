#include "base/log.h"

#include <cstdio>

namespace weft {

void Log::write(std::string_view text) const {
  const std::string line = fmt::format("{}: {}\n", prefix_, text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace weft
