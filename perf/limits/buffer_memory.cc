#include "perf/limits/buffer_memory.h"

#include <sys/mman.h>

#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

namespace weft::perf {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

Memory map_memory(std::size_t bytes, int sharing, bool huge) {
  // Room to begin at a huge page's boundary.
  const std::size_t reserved = bytes + kHugePage;
  void* mapping = mmap(nullptr, reserved, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  if (huge) madvise(mapping, reserved, MADV_HUGEPAGE);
  void* start = mapping;
  std::size_t room = reserved;
  std::align(kHugePage, bytes, start, room);
  std::memset(start, 0, bytes);
  const Memory owner(mapping, [reserved](void* all) { munmap(all, reserved); });
  return Memory(owner, start);
}

}  // namespace

BufferMemory parse_buffer_memory(std::string_view text) {
  if (text == "plain") return BufferMemory::plain;
  if (text == "shared") return BufferMemory::shared;
  if (text == "huge") return BufferMemory::huge;
  throw std::invalid_argument("unknown memory '" + std::string(text) +
                              "'; there are: plain, shared, huge");
}

Memory allocate_memory(BufferMemory kind, std::size_t bytes) {
  switch (kind) {
    case BufferMemory::shared:
      return map_memory(bytes, MAP_SHARED, false);
    case BufferMemory::huge:
      return map_memory(bytes, MAP_PRIVATE, true);
    default:
      return allocate_plain(bytes);
  }
}

}  // namespace weft::perf
