// Throwing weft::Error with a formatted message.
#pragma once

#include <weft/error.h>

#include <fmt/format.h>

#include <utility>

namespace weft {

template <typename... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace weft
