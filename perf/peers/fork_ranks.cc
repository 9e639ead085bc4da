#include "perf/peers/fork_ranks.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <vector>

namespace weft::perf {

TemporaryFolder::TemporaryFolder(const std::string& prefix)
    : path_((std::filesystem::temp_directory_path() / (prefix + "-XXXXXX")).string()) {
  if (mkdtemp(path_.data()) == nullptr) {
    throw std::runtime_error("cannot create '" + path_ + "': " + std::strerror(errno));
  }
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

int fork_ranks(int ranks, const std::function<int(int rank)>& body) {
  std::vector<pid_t> children;
  for (int rank = 0; rank < ranks; ++rank) {
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int status = body(rank);
      std::fflush(nullptr);
      _exit(status);
    }
    if (child < 0) {
      for (const pid_t other : children) kill(other, SIGKILL);
      throw std::runtime_error(std::string("cannot fork: ") + std::strerror(errno));
    }
    children.push_back(child);
  }
  int first_failure = 0;
  while (!children.empty()) {
    int status = 0;
    const pid_t child = wait(&status);
    if (child < 0 && errno == EINTR) continue;
    if (child < 0) break;
    std::erase(children, child);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (code == 0 || first_failure != 0) continue;
    first_failure = code;
    for (const pid_t other : children) kill(other, SIGKILL);
  }
  return first_failure;
}

}  // namespace weft::perf
