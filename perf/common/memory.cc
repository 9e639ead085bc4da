#include "perf/common/candidate.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace weft::perf {

Memory allocate_plain(std::size_t bytes) {
  constexpr std::size_t kAlignment = 64;
  const std::size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment + kAlignment;
  void* memory = std::aligned_alloc(kAlignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, rounded);
  return Memory(memory, std::free);
}

}  // namespace weft::perf
