#include "process.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <sstream>
#include <string>

namespace weft::shm {

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
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot_id;
  std::getline(file, boot_id);
  id.host = std::hash<std::string>{}(boot_id);
  struct stat info{};
  if (stat("/proc/self/ns/pid", &info) == 0) id.pid_namespace = info.st_ino;
  if (stat("/dev/shm", &info) == 0) id.shm_device = info.st_dev;
  id.pid = getpid();
  id.start_time = start_time_of(id.pid);
  id.uid = geteuid();
  return id;
}

}  // namespace weft::shm
