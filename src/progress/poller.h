// A part of this process that is moved on by whoever waits.
#pragma once

#include <cstdint>

namespace weft {

struct Poller {
  virtual ~Poller() = default;
  // Moves what is under way on by a bounded part. Returns how many things moved. Throws nothing: an
  // error belongs to the operation that met it.
  virtual int poll() = 0;
  // Looks at what is worth a look only now and then.
  virtual void look(std::int64_t now_ns) { (void)now_ns; }
  // How many things are under way; poll() is called only while there are some.
  int active = 0;
};

}  // namespace weft
