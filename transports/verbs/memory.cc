#include "memory.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

namespace weft::verbs {

using transport::Status;

namespace {

constexpr int kAccess = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ;

}  // namespace

std::string locked_memory_hint(int error) {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  if (error != ENOMEM || limit.rlim_cur == RLIM_INFINITY) return "";
  return fmt::format(
      "; locked memory is limited to {} KiB: raise it (ulimit -l unlimited, or "
      "LimitMEMLOCK=infinity)",
      limit.rlim_cur / 1024);
}

Status register_region(const Device& device, void* address, std::size_t bytes, Placement placement,
                       Access access, RegionHandle* out) {
  ibv_pd* domain = device.domain.get();
  const int flags = access == Access::all ? kAccess : 0;
  if (placement == Placement::relaxed)
    out->reset(ibv_reg_mr(domain, address, bytes, flags | IBV_ACCESS_RELAXED_ORDERING));
  // Some kernels refuse a device that cannot relax; what else is wrong is wrong without it, too.
  if (*out == nullptr) out->reset(ibv_reg_mr(domain, address, bytes, flags));
  if (*out != nullptr) return {};
  const int error = errno;
  return Status::error(ErrorCode::no_resources,
                       fmt::format("{}: {} KiB cannot be registered: {}{}", device.name,
                                   bytes / 1024, std::strerror(error), locked_memory_hint(error))
                           .c_str());
}

Status register_dmabuf(const Device& device, const DmaBuf& buffer, void* address, std::size_t bytes,
                       RegionHandle* out) {
  out->reset(ibv_reg_dmabuf_mr(device.domain.get(), buffer.offset, bytes,
                               reinterpret_cast<std::uint64_t>(address), buffer.fd, kAccess));
  if (*out != nullptr) return {};
  const int error = errno;
  const bool unsupported = error == EOPNOTSUPP || error == ENOSYS || error == EPROTONOSUPPORT;
  return Status::error(unsupported ? ErrorCode::unsupported : ErrorCode::no_resources,
                       fmt::format("{}: a dma-buf of {} KiB cannot be registered: {}{}",
                                   device.name, bytes / 1024, std::strerror(error),
                                   unsupported ? "; this device or its driver takes host memory "
                                                 "alone"
                                               : locked_memory_hint(error))
                           .c_str());
}

}  // namespace weft::verbs
