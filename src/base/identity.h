// Who a process is: 128 bits made at random at their first use. A pid says only where to look.
#pragma once

#include <cstdint>
#include <string>

namespace weft {

// Plain data; travels in addresses and keys.
struct Identity {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// This process's. It stays at its address while the process lives. A forked child is another
// process and has another identity, whether or not its parent's was made before the fork. May be
// called from any thread.
const Identity& process_identity();

// 32 hexadecimal digits.
std::string text_of(const Identity& identity);

}  // namespace weft
