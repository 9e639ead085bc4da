#include "topology/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/descriptor.h"
#include "base/error.h"

namespace weft::topology {
namespace {

using Clock = std::chrono::steady_clock;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kMoreMemory = std::size_t{1} << 30;

enum class Answer : std::uint64_t { result, error };

struct Header {
  Answer answer;
  std::uint64_t bytes;
};

class Pipe {
 public:
  explicit Pipe(int flags) {
    if (!pipe_above_standard(ends_, flags))
      fail(ErrorCode::no_resources, "no pipe to a child process: {}", words_of_error(errno));
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_end(std::size_t end) {
    if (ends_[end] >= 0) close(ends_[end]);
    ends_[end] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

void write_all(int file, const void* data, std::size_t bytes) {
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = write(file, next, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    next += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void answer(int file, Answer kind, const void* data, std::size_t bytes) {
  const Header header{kind, bytes};
  write_all(file, &header, sizeof(header));
  write_all(file, data, bytes);
}

// No core files, no handlers of the program that this process is a copy of, bounded memory.
void restrict_child(int errors) {
  dup2(errors, STDERR_FILENO);
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPIPE})
    signal(number, SIG_DFL);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  std::size_t pages = 0;
  rlimit memory{};
  if (std::ifstream("/proc/self/statm") >> pages && getrlimit(RLIMIT_AS, &memory) == 0) {
    const rlim_t wanted = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + kMoreMemory;
    if (memory.rlim_cur == RLIM_INFINITY || memory.rlim_cur > wanted) memory.rlim_cur = wanted;
    setrlimit(RLIMIT_AS, &memory);
  }
}

[[noreturn]] void be_child(const std::function<Bytes()>& work, int results, int errors) {
  restrict_child(errors);
  try {
    const Bytes result = work();
    answer(results, Answer::result, result.data(), result.size());
  } catch (const std::exception& error) {
    answer(results, Answer::error, error.what(), std::strlen(error.what()));
  } catch (...) {
    answer(results, Answer::error, "an unknown exception", 20);
  }
  _exit(0);
}

// Reads a pipe until a deadline.
class Reader {
 public:
  Reader(int file, Clock::time_point deadline) : file_(file), deadline_(deadline) {}

  // `bytes` of them, fewer where all writers are gone or time is up.
  Bytes read_up_to(std::size_t bytes) {
    Bytes result;
    std::array<std::byte, 4096> part;
    while (result.size() < bytes && wait()) {
      const ssize_t got = read(file_, part.data(), std::min(part.size(), bytes - result.size()));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      result.insert(result.end(), part.begin(), part.begin() + got);
    }
    return result;
  }

  bool late() const { return late_; }

 private:
  // False, and late from then on, where nothing came in time.
  bool wait() {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
      pollfd event{file_, POLLIN, 0};
      const int ready = left.count() > 0 ? poll(&event, 1, static_cast<int>(left.count())) : 0;
      if (ready > 0) return true;
      if (ready < 0 && errno == EINTR) continue;
      if (ready == 0 && left.count() > 0) continue;  // woke a little early
      late_ = true;
      return false;
    }
  }

  int file_;
  Clock::time_point deadline_;
  bool late_ = false;
};

// What the child printed first that has a letter in it: hwloc draws frames of stars.
std::string first_line(int errors) {
  std::array<char, 8192> text;
  const ssize_t got = read(errors, text.data(), text.size());
  std::string line;
  for (ssize_t i = 0; i <= got; ++i) {
    const char c = i < got ? text[static_cast<std::size_t>(i)] : '\n';
    if (c != '\n') {
      line += c;
    } else if (std::ranges::any_of(line, [](unsigned char l) { return std::isalpha(l) != 0; })) {
      break;
    } else {
      line.clear();
    }
  }
  constexpr std::size_t kMaxLine = 240;
  line.resize(std::min(line.size(), kMaxLine));
  return line;
}

// Waits for the child, which has ended, is about to, or is killed. Returns the signal that ended
// it; 0: none, or somebody else waited for it.
int end(pid_t child, bool killed) {
  if (killed) kill(child, SIGKILL);
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  return ended == child && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

// What the child answered; false where it did not, or only in part.
bool read_answer(Reader& reader, Outcome& outcome) {
  Header header{};
  const Bytes start = reader.read_up_to(sizeof(header));
  if (start.size() < sizeof(header)) return false;
  std::memcpy(&header, start.data(), sizeof(header));
  Bytes body = reader.read_up_to(static_cast<std::size_t>(header.bytes));
  if (body.size() < header.bytes) return false;
  if (header.answer == Answer::result) {
    outcome.result = std::move(body);
  } else {
    outcome.error.assign(reinterpret_cast<const char*>(body.data()), body.size());
  }
  return true;
}

}  // namespace

Outcome run_in_child(const std::function<Bytes()>& work, std::chrono::milliseconds patience) {
  Pipe results(0);
  Pipe errors(O_NONBLOCK);  // a child that prints a lot goes on
  const Clock::time_point deadline = Clock::now() + patience;
  const pid_t child = fork();
  if (child < 0) fail(ErrorCode::no_resources, "no child process: {}", std::strerror(errno));
  if (child == 0) be_child(work, results.writer(), errors.writer());
  results.close_end(1);
  Outcome outcome;
  Reader reader(results.reader(), deadline);
  outcome.finished = read_answer(reader, outcome);
  outcome.late = reader.late();
  outcome.signal = end(child, outcome.late);
  outcome.printed = first_line(errors.reader());
  return outcome;
}

}  // namespace weft::topology
