// Registration of memory of this process with one device.
#pragma once

#include <cstddef>

#include "device.h"

namespace weft::verbs {

// In which order a device may place what is written to a memory. `relaxed` is quicker on busy PCIe
// buses and right for what is read only after a completion; `strict` is for memory that is polled.
enum class Placement { strict, relaxed };

// What devices may do with a memory: `all` is for peers to read and write; `read` is for a source,
// and enough where this process may not write itself.
enum class Access { read, all };

// A piece of a dma-buf, and the address that work requests name it by.
struct DmaBuf {
  int fd = -1;
  std::uint64_t offset = 0;
};

// Registers memory; not ok with a text that says what to do. Not strict where the device takes it.
transport::Status register_region(const Device& device, void* address, std::size_t bytes,
                                  Placement placement, Access access, RegionHandle* out);
transport::Status register_dmabuf(const Device& device, const DmaBuf& buffer, void* address,
                                  std::size_t bytes, RegionHandle* out);

// "; locked memory is limited to 64 KiB: raise it …" where that may be why; else empty.
std::string locked_memory_hint(int error);

}  // namespace weft::verbs
