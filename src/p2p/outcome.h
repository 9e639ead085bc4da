// How something that was started has ended.
#pragma once

#include <weft/error.h>

#include <string>
#include <utility>

namespace weft::p2p {

// What ends every request.
struct Outcome {
  bool done = false;
  ErrorCode code = ErrorCode::ok;
  std::string message;

  void succeed() { done = true; }
  void fail_with(ErrorCode why, std::string text) {
    if (done) return;
    done = true;
    code = why;
    message = std::move(text);
  }
};

}  // namespace weft::p2p
