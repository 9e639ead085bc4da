/// How public objects keep the library's part of themselves.
#pragma once

#include <memory>

namespace weft::detail {

/// Owns a State that only the library can see. Move-only; empty until the library fills it and
/// again once it was moved from. It remembers how the State ends, so that the classes around it
/// need no destructor and no move operations of their own.
template <class State>
class Handle : public std::unique_ptr<State, void (*)(State*)> {
  using Base = std::unique_ptr<State, void (*)(State*)>;

 public:
  Handle() noexcept : Base(nullptr, nullptr) {}
  /// Calls `end` with the State at the end, instead of deleting it.
  Handle(State* state, void (*end)(State*)) noexcept : Base(state, end) {}
  template <class Derived>
  Handle(std::unique_ptr<Derived> state) noexcept
      : Base(state.release(), [](State* ended) { delete static_cast<Derived*>(ended); }) {}
};

}  // namespace weft::detail
