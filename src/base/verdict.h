// How a step of a collective set-up went at one rank.
#pragma once

#include <weft/error.h>

#include <algorithm>
#include <new>
#include <span>
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

// Runs a step and says how it went; what else than Error and std::bad_alloc it throws passes.
template <typename Step>
Verdict verdict_of(const Step& step) {
  try {
    step();
    return {};
  } catch (const Error& error) {
    return Verdict::of(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return Verdict::of(ErrorCode::no_resources, "out of memory");
  }
}

// Throws the error of the first rank that has one, and names it.
void check_all(const char* call, std::span<const Verdict> by_rank);

}  // namespace weft
