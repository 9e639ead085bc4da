// What a Request holds, whoever started it.
#pragma once

#include <weft/request.h>

#include <chrono>

namespace weft {

// Stays where it is in memory; its end waits for an unfinished one, dropping errors.
struct Request::State {
  State() = default;
  virtual ~State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  virtual bool test() = 0;
  virtual void wait(std::chrono::nanoseconds timeout) = 0;
  virtual std::chrono::nanoseconds default_timeout() const = 0;
  virtual Received received() const { return {}; }
};

}  // namespace weft
