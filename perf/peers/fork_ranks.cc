#include "perf/peers/fork_ranks.h"

#include <poll.h>
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

namespace {

bool reader_is_gone() {
  pollfd output = {STDOUT_FILENO, 0, 0};
  return poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

// In a rank: if it died of the broken pipe, the others would notice and complain. The parent ends
// them all.
void on_broken_pipe(int signal) {
  if (reader_is_gone() && kill(getppid(), signal) == 0) {
    for (;;) pause();
  }
  std::signal(signal, SIG_DFL);
  raise(signal);
}

// Forks and waits with these signals blocked: they are taken one at a time by sigwait().
class Children {
 public:
  Children() {
    sigemptyset(&awaited_);
    sigaddset(&awaited_, SIGCHLD);
    sigaddset(&awaited_, SIGPIPE);
    sigprocmask(SIG_BLOCK, &awaited_, &before_);
  }
  // Leaves none behind.
  ~Children() {
    end_all();
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  void start(const std::function<int()>& body) {
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error(std::string("cannot fork: ") + std::strerror(errno));
    if (child > 0) {
      pids_.push_back(child);
      return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::signal(SIGPIPE, on_broken_pipe);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
    _exit(body());
  }

  // Returns the first status that is not 0 as soon as there is one, 0 when all have ended.
  int wait() {
    while (!pids_.empty()) {
      int signal = 0;
      sigwait(&awaited_, &signal);
      if (signal == SIGPIPE) return 128 + SIGPIPE;
      if (const int status = reap()) return status;
    }
    return 0;
  }

 private:
  int reap() {
    int status = 0;
    while (!pids_.empty()) {
      const pid_t child = waitpid(-1, &status, WNOHANG);
      if (child <= 0) break;
      std::erase(pids_, child);
      const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      if (code != 0) return code;
    }
    return 0;
  }

  // All stand still before the first one dies: none is left to complain that another is gone.
  void end_all() {
    for (const pid_t child : pids_) kill(child, SIGSTOP);
    for (const pid_t child : pids_) {
      siginfo_t unused;
      while (waitid(P_PID, static_cast<id_t>(child), &unused, WSTOPPED | WEXITED | WNOWAIT) < 0 &&
             errno == EINTR) {
      }
    }
    for (const pid_t child : pids_) kill(child, SIGKILL);
    for (const pid_t child : pids_) waitpid(child, nullptr, 0);
  }

  sigset_t awaited_;
  sigset_t before_;
  std::vector<pid_t> pids_;
};

}  // namespace

int fork_ranks(int ranks, const std::function<int(int rank)>& body) {
  Children children;
  for (int rank = 0; rank < ranks; ++rank) children.start([&] { return body(rank); });
  return children.wait();
}

}  // namespace weft::perf
