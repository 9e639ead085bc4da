#include "base/descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace weft {
namespace {

constexpr int kStandard = 3;  // 0, 1 and 2

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

int above_standard(int fd) {
  if (fd < 0 || fd >= kStandard) return fd;
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, kStandard);
  const int code = errno;
  close(fd);
  errno = code;
  return moved;
}

bool pipe_above_standard(std::array<int, 2>& ends, int flags) {
  int made[2];
  if (pipe2(made, flags | O_CLOEXEC) != 0) return false;
  FileDescriptor reader(above_standard(made[0]));
  FileDescriptor writer(reader ? above_standard(made[1]) : made[1]);
  if (!reader || !writer) return false;
  ends = {reader.release(), writer.release()};
  return true;
}

StandardDescriptors::StandardDescriptors() {
  for (int fd = 0; fd < kStandard; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest that is free is taken, and that is this one.
    const int opened = open("/", O_PATH | O_CLOEXEC);
    if (opened == fd) {
      taken_[fd] = true;
    } else if (opened >= 0) {
      close(opened);  // somebody else was faster
    }
  }
}

StandardDescriptors::~StandardDescriptors() {
  for (int fd = 0; fd < kStandard; ++fd) {
    // Another thread may have put a file of its own there.
    const int flags = taken_[fd] ? fcntl(fd, F_GETFL) : -1;
    if (flags >= 0 && (flags & O_PATH) != 0) close(fd);
  }
}

std::string words_of_error(int code) {
  if (code == EMFILE) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return fmt::format(
        "{}: raise RLIMIT_NOFILE, which is {} (ulimit -n); at most {} may be set here",
        std::strerror(code), limit.rlim_cur, limit.rlim_max);
  }
  if (code == ENFILE) return fmt::format("{}: raise fs.file-max (sysctl)", std::strerror(code));
  return std::strerror(code);
}

}  // namespace weft
