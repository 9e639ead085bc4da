// Memory of another process that it has not shared, copied by the kernel (process_vm_readv and
// process_vm_writev): one copy instead of two, where the system allows it.
#pragma once

#include "process.h"

#include <weft/transport.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weft::shm {

// A process, and where its identity lies in it: what shows whether this process may read there, and
// whether it is that process that it reads. Plain data.
struct PrivateAddress {
  ProcessId process;
  std::uint64_t identity = 0;
};

// What the kernel takes at least to copy 8 KiB, measured on this process's own; 0: it does not.
float least_copy_ns();

// One peer's.
class PrivateMemory {
 public:
  PrivateMemory() = default;
  PrivateMemory(const PrivateAddress& peer, const ProcessId& self);

  // As transport::Transport::copy_private.
  transport::Status copy(std::uint64_t theirs, void* mine, std::size_t bytes, bool write);

 private:
  enum class Reach : std::uint8_t { unknown, none, kernel, same_process };

  // Asked for at the first use (most peers never need it), and again from time to time: a peer may
  // give up privileges, and with them its memory is no longer to be read.
  void find_reach();

  PrivateAddress peer_;
  Reach reach_ = Reach::none;
  std::chrono::steady_clock::time_point found_{};
};

}  // namespace weft::shm
