#include "base/populate.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace weft {
namespace {

using transport::Status;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kLeastPart = std::size_t{1} << 20;
constexpr std::size_t kLargestPart = std::size_t{64} << 20;

std::size_t part_of(const std::vector<MemoryLimit>& limits) {
  constexpr std::uint64_t kPopulating = 64;
  std::uint64_t left = kLargestPart * kPopulating;
  for (const MemoryLimit& limit : limits) left = std::min(left, limit.left);
  const std::size_t part = left / kPopulating / kPage * kPage;
  return std::clamp(part, kLeastPart, kLargestPart);
}

// What the file system of a file has; none where it has no size (memfd).
void add_file_system(int fd, std::vector<MemoryLimit>& limits) {
  struct statfs info{};
  if (fstatfs(fd, &info) != 0 || info.f_blocks == 0) return;
  limits.push_back({"/dev/shm", info.f_bavail * static_cast<std::uint64_t>(info.f_bsize),
                    "enlarge it (docker run --shm-size=1g, mount -o remount,size=1g /dev/shm), "
                    "use WEFT_SHM_BACKING=memfd"});
}

int touch(std::byte* begin, std::size_t bytes) {
  if (madvise(begin, bytes, MADV_POPULATE_WRITE) == 0) return 0;
  if (errno != EINVAL) return errno == EFAULT ? ENOMEM : errno;
  // Kernels before 5.14.
  for (std::size_t at = 0; at < bytes; at += kPage)
    *static_cast<volatile std::byte*>(begin + at) = std::byte{0};
  return 0;
}

}  // namespace

Status populate(std::size_t bytes, const std::function<std::vector<MemoryLimit>()>& limits,
                const std::function<int(std::size_t offset, std::size_t bytes)>& part) {
  std::size_t most = kLargestPart;
  for (std::size_t done = 0; done < bytes;) {
    const std::vector<MemoryLimit> now = limits();
    if (Status status = check_memory(bytes - done, bytes, now); !status.ok()) return status;
    const std::size_t end = done + std::min(part_of(now), bytes - done);
    while (done < end) {
      const std::size_t next = std::min(most, end - done);
      const int code = part(done, next);
      if (code == 0) {
        done += next;
      } else if (code == EINTR) {
        // Kernels before 6.16 give all of an interrupted part back: one that an interval timer
        // interrupts each time has to be shorter.
        most = std::max(next / 2 / kPage * kPage, kPage);
      } else {
        return memory_error("populating memory", bytes, code);
      }
    }
  }
  return {};
}

Status populate_file(int fd, std::size_t bytes) {
  const auto process = memory_limits(process_limits(), MemoryKind::file);
  if (Status status = check_memory(bytes, bytes, process); !status.ok()) return status;
  return populate(
      bytes,
      [&] {
        std::vector<MemoryLimit> limits = memory_limits();
        add_file_system(fd, limits);
        return limits;
      },
      [&](std::size_t offset, std::size_t part) {
        const int done = fallocate(fd, 0, static_cast<off_t>(offset), static_cast<off_t>(part));
        return done == 0 ? 0 : errno;
      });
}

Status map_populated(std::size_t bytes, std::byte** out) {
  *out = nullptr;
  // Of the machine too: it may refuse to map what it does not have, and says no number then.
  std::vector<MemoryLimit> limits = memory_limits();
  std::ranges::move(memory_limits(process_limits(), MemoryKind::anonymous),
                    std::back_inserter(limits));
  if (Status status = check_memory(bytes, bytes, limits); !status.ok()) return status;
  void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return memory_error("mapping memory", bytes, errno);
  auto* begin = static_cast<std::byte*>(base);
  Status status = populate(
      bytes, [] { return memory_limits(); },
      [&](std::size_t offset, std::size_t part) { return touch(begin + offset, part); });
  if (status.ok()) {
    *out = begin;
  } else {
    munmap(base, bytes);
  }
  return status;
}

}  // namespace weft
