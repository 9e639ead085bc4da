#include "tools/common/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace weft::programs {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& path, int reason) {
  throw std::runtime_error("cannot write '" + path + "': " + std::strerror(reason));
}

// The first error of opening, writing and closing; 0: there was none.
int write_all(const std::string& path, int flags, std::string_view text) {
  const int file = open(path.c_str(), flags | O_WRONLY | O_CLOEXEC, 0666);
  if (file < 0) return errno;
  int error = 0;
  while (!text.empty() && error == 0) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  // Some file systems tell of a full disk only here.
  if (error == 0 && fsync(file) != 0 && errno != EINVAL && errno != EROFS) error = errno;
  if (close(file) != 0 && error == 0) error = errno;
  return error;
}

}  // namespace

void write_file(const std::string& path, std::string_view text) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    if (const int error = write_all(path, 0, text)) refuse(path, error);
    return;
  }
  // A link stays a link: what it names is replaced.
  const fs::path target = fs::exists(status) ? fs::canonical(path, ignored) : fs::path(path);
  const std::string fresh = target.string() + ".new." + std::to_string(getpid());
  int error = write_all(fresh, O_CREAT | O_TRUNC, text);
  if (error == 0) {
    std::error_code failure;
    fs::rename(fresh, target, failure);
    error = failure.value();
  }
  if (error == 0) return;
  fs::remove(fresh, ignored);
  refuse(path, error);
}

}  // namespace weft::programs
