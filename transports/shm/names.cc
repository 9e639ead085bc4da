#include "names.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>

#include "base/descriptor.h"

namespace weft::shm {
namespace {

constexpr std::string_view kPrefix = "weft.";
constexpr std::size_t kDigits = 32;  // of an identity

int open_repeatedly(const std::string& name, int flags) {
  int fd = -1;
  do {
    fd = above_standard(shm_open(("/" + name).c_str(), flags | O_CLOEXEC, 0600));
  } while (fd < 0 && errno == EINTR);
  return fd;
}

bool is_name(std::string_view name) {
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  if (name.size() < kDigits + 2 || name[kDigits] != '.') return false;
  constexpr std::string_view kHex = "0123456789abcdef";
  return name.substr(0, kDigits).find_first_not_of(kHex) == name.npos &&
         name.substr(kDigits + 1).find_first_not_of(kHex.substr(0, 10)) == name.npos;
}

// A file with this name is locked before it is removed, so that its maker either has the lock first
// or finds that it is gone (create_named()).
void remove_if_stale(const std::string& name) {
  const FileDescriptor file(open_repeatedly(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  if (!file || fstat(file.get(), &info) != 0) return;
  if (!S_ISREG(info.st_mode) || info.st_uid != geteuid()) return;
  if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) remove_name(name);
}

}  // namespace

std::string name_of(const Identity& owner, std::uint32_t serial) {
  return fmt::format("{}{}.{}", kPrefix, text_of(owner), serial);
}

int create_named(const std::string& name) {
  FileDescriptor file(open_repeatedly(name, O_CREAT | O_EXCL | O_RDWR));
  if (!file) return -1;
  // Whatever the umask.
  (void)fchmod(file.get(), 0600);
  struct stat info{};
  const bool locked = flock(file.get(), LOCK_SH | LOCK_NB) == 0;
  if (locked && fstat(file.get(), &info) == 0 && info.st_nlink > 0) return file.release();
  remove_name(name);
  errno = EEXIST;
  return -1;
}

int open_named(const std::string& name) { return open_repeatedly(name, O_RDWR); }

void remove_name(const std::string& name) { (void)shm_unlink(("/" + name).c_str()); }

void remove_stale_names() {
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/dev/shm", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (is_name(name)) remove_if_stale(name);
  }
}

}  // namespace weft::shm
