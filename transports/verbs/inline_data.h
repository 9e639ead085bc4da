// How many bytes of a work request a device takes along with it ("inline"): devices say so only by
// making a queue pair or refusing it, and some refuse without an errno.
#pragma once

#include <cstdint>
#include <vector>

namespace weft::verbs {

// What to ask for, in turn: `most`, then what devices are known to grant, nothing at last.
inline std::vector<std::uint32_t> inline_sizes(std::uint32_t most) {
  std::vector<std::uint32_t> sizes{most};
  for (const std::uint32_t size : {220u, 128u, 101u, 96u, 64u, 48u, 32u, 0u}) {
    if (size < most) sizes.push_back(size);
  }
  return sizes;
}

// The first size for which `create` makes something; *made is that. No more is tried behind it, and
// *made is null where even the last one was refused.
template <typename Create, typename Handle>
std::uint32_t first_granted(const std::vector<std::uint32_t>& sizes, const Create& create,
                            Handle* made) {
  for (const std::uint32_t size : sizes) {
    *made = create(size);
    if (*made != nullptr) return size;
  }
  return 0;
}

}  // namespace weft::verbs
