// File descriptors run out: what to do, and what to say.
#pragma once

#include <cerrno>

#include "base/descriptor.h"

namespace weft::bootstrap {

// Whether this errno says so, of the process or of the whole system.
inline bool out_of_descriptors(int error) { return error == EMFILE || error == ENFILE; }

// Raises the process's soft limit, by as much again, up to the hard one; false: it is there. For
// who has met the limit: one that nobody meets stays as it is, since select() needs numbers below
// 1024.
bool raise_descriptor_limit();

// What `open` returns: 0 or more, or below 0 with errno. Tried again with more descriptors where
// it is those that are missing and there may be more.
template <typename Open>
int with_enough_descriptors(const Open& open) {
  for (;;) {
    const int result = open();
    if (result >= 0 || errno != EMFILE) return result;
    if (!raise_descriptor_limit()) {
      errno = EMFILE;
      return result;
    }
  }
}

// The same for one descriptor, which is none of 0 to 2.
template <typename Open>
int open_descriptor(const Open& open) {
  return with_enough_descriptors([&] { return above_standard(open()); });
}

}  // namespace weft::bootstrap
