#include "bootstrap/descriptors.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>

namespace weft::bootstrap {

bool raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return false;
  const rlim_t doubled = std::max<rlim_t>(2 * limit.rlim_cur, 64);
  limit.rlim_cur = std::min(doubled, limit.rlim_max);
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

std::string descriptor_shortage(int error) {
  if (error == ENFILE)
    return fmt::format("{}: raise fs.file-max of this system", std::strerror(error));
  if (error != EMFILE) return std::strerror(error);
  rlimit limit{};
  (void)getrlimit(RLIMIT_NOFILE, &limit);
  return fmt::format("{}: RLIMIT_NOFILE (ulimit -n) is {}, at most {} may be set here",
                     std::strerror(error), limit.rlim_cur, limit.rlim_max);
}

}  // namespace weft::bootstrap
