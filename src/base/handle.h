// What public objects say when there is nothing behind them.
#pragma once

#include <weft/handle.h>

#include "base/error.h"

namespace weft {

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_empty(const char* type, const char* maker) {
  fail(ErrorCode::invalid_argument, "{}: empty; make one with {}", type, maker);
}

// The State of a public object. Throws Error(invalid_argument) if the object is empty: default
// constructed or moved from.
template <class State>
State& filled(const detail::Handle<State>& handle, const char* type, const char* maker) {
  if (handle == nullptr) [[unlikely]]
    fail_empty(type, maker);
  return *handle;
}

}  // namespace weft
