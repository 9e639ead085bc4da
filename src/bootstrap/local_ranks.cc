#include <weft/local_ranks.h>

#include "bootstrap/bootstrap.h"
#include "bootstrap/deadline.h"
#include "bootstrap/descriptors.h"
#include "bootstrap/job.h"
#include "bootstrap/socket.h"

#include "base/descriptor.h"
#include "base/error.h"

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace weft {
namespace {

using bootstrap::Deadline;
using bootstrap::Socket;

// Meets the other ranks at the first all_gather, so that a body that never makes a communicator
// waits for nobody.
class LocalRank final : public Bootstrap {
 public:
  LocalRank(int rank, int size, std::string root, JobName job, Socket listener)
      : rank_(rank),
        size_(size),
        root_(std::move(root)),
        job_(std::move(job)),
        listener_(std::move(listener)) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string description() const override { return "local ranks over tcp " + root_; }

  std::vector<Blob> all_gather(std::span<const std::byte> mine,
                               std::chrono::nanoseconds timeout) override {
    if (failure_) throw Error(*failure_);
    try {
      if (!met_) met_ = meet(timeout);
    } catch (const Error& error) {
      failure_ = error;
      throw;
    }
    return met_->all_gather(mine, timeout);
  }

 private:
  std::shared_ptr<Bootstrap> meet(std::chrono::nanoseconds timeout) {
    return rank_ == 0 ? bootstrap::make_tcp_root(listener_.release(), size_, timeout, {}, job_)
                      : bootstrap::make_tcp(rank_, size_, root_, timeout, {}, job_);
  }

  const int rank_;
  const int size_;
  const std::string root_;
  const JobName job_;
  Socket listener_;  // rank 0's
  std::shared_ptr<Bootstrap> met_;
  std::optional<Error> failure_;  // of meeting; final
};

struct Child {
  pid_t pid = -1;  // -1: it has ended and was waited for
  Socket alive;  // a pipe whose other end only the child holds: it closes when the child ends, and
                 // a byte in it says that nobody reads the child's output any more
};

// In a child: itself, and its end of that pipe.
pid_t rank_process = -1;
int parent_end = -1;

bool reader_is_gone(int descriptor) {
  pollfd output = {descriptor, 0, 0};
  return poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

// A reader that closes the pipe ends a program quietly. If one rank died of it, the others would
// notice and complain: it tells the parent instead, which ends them all.
void on_broken_pipe(int signal) {
  const char closed = 1;
  if (getpid() == rank_process &&
      (reader_is_gone(STDOUT_FILENO) || reader_is_gone(STDERR_FILENO)) &&
      write(parent_end, &closed, 1) == 1) {
    for (;;) pause();
  }
  std::signal(signal, SIG_DFL);
  raise(signal);
}

// Returns once the child stands still or has ended; leaves it to be waited for.
void await_stop(pid_t pid) {
  siginfo_t unused;
  while (pid > 0 &&
         waitid(P_PID, static_cast<id_t>(pid), &unused, WSTOPPED | WEXITED | WNOWAIT) < 0 &&
         errno == EINTR) {
  }
}

// Rank r gets the r-th processor that this process may use; with fewer of them than ranks,
// neighbours are on different ones. Nothing happens where the kernel will not tell or bind.
void bind_to_processor(int rank) {
  cpu_set_t usable;
  if (sched_getaffinity(0, sizeof(usable), &usable) != 0 || CPU_COUNT(&usable) == 0) return;
  int processor = -1;
  for (int left = rank % CPU_COUNT(&usable); left >= 0; --left) {
    do {
      ++processor;
    } while (!CPU_ISSET(processor, &usable));
  }
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  sched_setaffinity(0, sizeof(one), &one);
}

class LocalRanks {
 public:
  LocalRanks(int ranks, const std::function<int(const Options&)>& body, bool bind)
      : ranks_(ranks),
        body_(body),
        bind_(bind),
        job_(bootstrap::Job::random_name()),
        listener_(bootstrap::listen_on({"127.0.0.1", "0"}, Deadline(std::chrono::seconds(1)))),
        root_(bootstrap::local_name(listener_)) {}

  // Leaves no child behind, whatever is thrown.
  ~LocalRanks() { end_all(); }

  int run(std::chrono::nanoseconds grace) {
    std::fflush(nullptr);
    std::cout.flush();
    for (int rank = 0; rank < ranks_; ++rank) start(rank);
    listener_ = Socket();
    while (running() > 0 && first_failure_ == 0) reap(kCheckMs);
    const Deadline deadline(grace);
    while (running() > 0 && !deadline.passed()) reap(deadline.poll_ms(kCheckMs));
    return first_failure_;  // the destructor ends those that are left
  }

 private:
  // A grandchild may hold the pipe open: look at the processes themselves now and then.
  static constexpr int kCheckMs = 200;
  // As wait() says "exited with 1": the application ignores SIGCHLD, so nobody knows.
  static constexpr int kStatusLost = 1 << 8;

  void start(int rank) {
    std::array<int, 2> ends;
    if (bootstrap::with_enough_descriptors([&] { return pipe_above_standard(ends) ? 0 : -1; }) <
        0) {
      fail(ErrorCode::no_resources, "rank {}: no pipe: {}", rank, words_of_error(errno));
    }
    Socket alive(ends[0]);
    const Socket held(ends[1]);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) fail(ErrorCode::no_resources, "rank {}: fork: {}", rank, std::strerror(errno));
    if (pid == 0) be_child(rank, parent, held.fd());
    children_.push_back({pid, std::move(alive)});
  }

  void signal_all(int signal) const {
    for (const Child& child : children_) {
      if (child.pid > 0) kill(child.pid, signal);
    }
  }

  void end_all() {
    // All stand still before the first one dies: none is left to complain that another is gone.
    signal_all(SIGSTOP);
    for (const Child& child : children_) await_stop(child.pid);
    signal_all(SIGKILL);
    for (Child& child : children_) {
      while (child.pid > 0 && waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
      }
      child.pid = -1;
    }
  }

  [[noreturn]] void be_child(int rank, pid_t parent, int alive) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    rank_process = getpid();
    parent_end = alive;
    // An application that handles or ignores it knows better.
    const auto before = std::signal(SIGPIPE, on_broken_pipe);
    if (before != SIG_DFL) std::signal(SIGPIPE, before);
    if (rank != 0) listener_ = Socket();
    if (bind_) bind_to_processor(rank);
    int status = 1;
    try {
      Options options;
      options.bootstrap =
          std::make_shared<LocalRank>(rank, ranks_, root_, job_, std::move(listener_));
      status = body_(options);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "weft: rank %d: %s\n", rank, error.what());
    } catch (...) {
      std::fprintf(stderr, "weft: rank %d: an exception of an unknown type\n", rank);
    }
    // Nobody flushes after _exit(), so that what is lost must be told here.
    const char* lost = lost_output();
    if (lost != nullptr && status == 0) {
      std::fprintf(stderr, "weft: rank %d: output was not written: %s\n", rank, lost);
      status = 1;
    }
    // The exit status has 8 bits: a failure must not become 0.
    _exit(status != 0 && (status & 0xff) == 0 ? 1 : status);
  }

  // Flushes; null where all of the output was written, now and before, or nobody can want any since
  // the descriptor is closed; else why not.
  static const char* lost_output() {
    if (write(STDOUT_FILENO, "", 0) < 0 && errno == EBADF) return nullptr;
    const bool failed_before = !std::cout || std::ferror(stdout) != 0;
    errno = 0;
    const bool failed = std::fflush(nullptr) != 0 || !std::cout.flush();
    if (failed && errno != 0) return std::strerror(errno);
    return failed || failed_before ? "an earlier write failed" : nullptr;
  }

  long running() const {
    return std::count_if(children_.begin(), children_.end(),
                         [](const Child& c) { return c.pid > 0; });
  }

  // Waits up to `wait_ms` for a child to end, and notes all that have.
  void reap(int wait_ms) {
    std::vector<pollfd> waiting;
    for (const Child& child : children_) {
      if (child.pid > 0) waiting.push_back({child.alive.fd(), POLLIN, 0});
    }
    (void)poll(waiting.data(), waiting.size(), wait_ms);
    if (std::ranges::any_of(waiting, [](const pollfd& p) { return (p.revents & POLLIN) != 0; })) {
      end_all();
      if (first_failure_ == 0) first_failure_ = 128 + SIGPIPE;
      return;
    }
    for (std::size_t rank = 0; rank < children_.size(); ++rank) {
      Child& child = children_[rank];
      if (child.pid <= 0) continue;
      int status = 0;
      const pid_t ended = waitpid(child.pid, &status, WNOHANG);
      if (ended == 0 || (ended < 0 && errno == EINTR)) continue;
      child = {};
      note(rank, ended > 0 ? status : kStatusLost);
    }
  }

  void note(std::size_t rank, int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (WIFSIGNALED(status)) {
      std::fprintf(stderr, "weft: rank %zu: killed by signal %d (%s)\n", rank, WTERMSIG(status),
                   strsignal(WTERMSIG(status)));
    }
    if (first_failure_ == 0) first_failure_ = code;
  }

  const int ranks_;
  const std::function<int(const Options&)>& body_;
  const bool bind_;
  const JobName job_;
  Socket listener_;
  std::string root_;
  std::vector<Child> children_;
  int first_failure_ = 0;
};

}  // namespace

int run_local_ranks(int ranks, const std::function<int(const Options&)>& body,
                    const LocalRanksOptions& options) {
  if (ranks < 1) fail(ErrorCode::invalid_argument, "{} ranks: at least 1", ranks);
  if (!body) fail(ErrorCode::invalid_argument, "no body to run");
  return LocalRanks(ranks, body, options.bind).run(options.grace);
}

}  // namespace weft
