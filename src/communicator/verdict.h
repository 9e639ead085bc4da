// How a step of a collective set-up went at one rank.
#pragma once

#include <weft/error.h>

#include <algorithm>
#include <string_view>

namespace weft {

// Plain bytes: ranks tell it each other.
struct Verdict {
  ErrorCode code = ErrorCode::ok;
  char text[247] = {};

  bool ok() const { return code == ErrorCode::ok; }
  static Verdict of(ErrorCode code, std::string_view text) {
    Verdict verdict;
    verdict.code = code;
    text.copy(verdict.text, std::min(text.size(), sizeof(verdict.text) - 1));
    return verdict;
  }
};

}  // namespace weft
