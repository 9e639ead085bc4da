#include "bootstrap/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace weft::bootstrap {

bool raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return false;
  const rlim_t doubled = std::max<rlim_t>(2 * limit.rlim_cur, 64);
  limit.rlim_cur = std::min(doubled, limit.rlim_max);
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace weft::bootstrap
