// File descriptors run out: what to do, and what to say.
#pragma once

#include <cerrno>
#include <string>

namespace weft::bootstrap {

// Whether this errno says so, of the process or of the whole system.
inline bool out_of_descriptors(int error) { return error == EMFILE || error == ENFILE; }

// Raises the process's soft limit, by as much again, up to the hard one; false: it is there. For
// who has met the limit: one that nobody meets stays as it is, since select() needs numbers below
// 1024.
bool raise_descriptor_limit();

// For an error: "Too many open files: RLIMIT_NOFILE (ulimit -n) is 64, at most 64 may be set here".
std::string descriptor_shortage(int error);

// What `open` returns: a descriptor, or below 0 with errno. Tried again with more descriptors where
// it is those that are missing and there may be more.
template <typename Open>
int open_descriptor(const Open& open) {
  for (;;) {
    const int result = open();
    if (result >= 0 || errno != EMFILE) return result;
    if (!raise_descriptor_limit()) {
      errno = EMFILE;
      return result;
    }
  }
}

}  // namespace weft::bootstrap
