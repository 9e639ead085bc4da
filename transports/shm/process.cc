#include "process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

namespace weft::shm {
namespace {

std::uint64_t namespace_of_this(const char* kind) {
  struct stat info{};
  return stat((std::string("/proc/self/ns/") + kind).c_str(), &info) == 0 ? info.st_ino : 0;
}

// Whether /proc shows the pid namespace of this process, and not the one around it.
bool owns_proc() {
  char name[32] = {};
  const ssize_t length = readlink("/proc/self", name, sizeof(name) - 1);
  return length > 0 && std::to_string(getpid()) == name;
}

}  // namespace

std::uint64_t start_time_of(std::int32_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  // The command's name stands in parentheses and may hold anything; fields count from behind it.
  const auto close = text.rfind(')');
  if (close == std::string::npos) return 0;
  std::istringstream fields(text.substr(close + 1));
  std::string skipped;
  constexpr int kFieldsBeforeStartTime = 19;
  for (int i = 0; i < kFieldsBeforeStartTime; ++i) fields >> skipped;
  std::uint64_t start = 0;
  fields >> start;
  return start;
}

ProcessId own_process() {
  ProcessId id;
  id.identity = process_identity();
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot_id;
  std::getline(file, boot_id);
  id.host = std::hash<std::string>{}(boot_id);
  if (owns_proc()) id.pid_namespace = namespace_of_this("pid");
  id.user_namespace = namespace_of_this("user");
  id.time_namespace = namespace_of_this("time");
  struct stat info{};
  if (stat("/dev/shm", &info) == 0) id.shm_device = info.st_dev;
  id.pid = getpid();
  id.start_time = start_time_of(id.pid);
  id.uid = geteuid();
  return id;
}

Fate fate_of(const ProcessId& process, const ProcessId& self) {
  if (same_process(process, self)) return Fate::running;
  if (!shares_pids(process, self)) return Fate::unknown;
  if (kill(process.pid, 0) != 0 && errno == ESRCH) return Fate::gone;
  // The kernel shifts start times by what the reader's time namespace says.
  if (process.time_namespace != self.time_namespace || process.start_time == 0)
    return Fate::unknown;
  const std::uint64_t start = start_time_of(process.pid);
  if (start == 0) return Fate::unknown;
  return start == process.start_time ? Fate::running : Fate::gone;
}

int may_open_files_of(const ProcessId& process) {
  char name[8];
  const std::string link = "/proc/" + std::to_string(process.pid) + "/exe";
  return readlink(link.c_str(), name, sizeof(name)) >= 0 ? 0 : errno;
}

bool shows_its_files() { return prctl(PR_GET_DUMPABLE) == 1; }

}  // namespace weft::shm
