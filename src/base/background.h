// What a process has under way besides what it is waiting for.
#pragma once

namespace weft {

struct Background {
  virtual ~Background() = default;
  // Moves it on; returns how many things moved. Throws nothing: what happened is told to who asks.
  virtual int move_on() = 0;
  // Whether there is anything to move on: spares the call.
  int active = 0;
};

}  // namespace weft
