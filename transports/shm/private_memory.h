// Memory of another process that it has not shared, copied by the kernel (process_vm_readv and
// process_vm_writev): one copy instead of two, where the system allows it.
#pragma once

#include "process.h"

#include <weft/transport.h>

#include <cstddef>
#include <cstdint>

namespace weft::shm {

// A process, and the address of a word in it with a known value: what shows whether this process
// may read there. Plain data; what peers connect by.
struct Address {
  ProcessId process;
  std::uint64_t probe = 0;
  transport::JobIdentity job;
};

Address own_address();

// What the kernel takes at least to copy 8 KiB, measured on this process's own; 0: it does not.
float least_copy_ns();

// One peer's.
class PrivateMemory {
 public:
  PrivateMemory() = default;
  PrivateMemory(const Address& peer, const ProcessId& self);

  // As transport::Transport::copy_private.
  transport::Status copy(std::uint64_t theirs, void* mine, std::size_t bytes, bool write);

 private:
  enum class Reach : std::uint8_t { unknown, none, kernel, same_process };

  // Asked for at the first use: most peers never need it.
  void find_reach();

  Address peer_;
  Reach reach_ = Reach::none;
};

}  // namespace weft::shm
