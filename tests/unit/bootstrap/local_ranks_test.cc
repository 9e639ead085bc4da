#include <weft/local_ranks.h>

#include "ranks.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>

namespace weft {
namespace {

using bootstrap::expect_error;
using bootstrap::gather_and_check;
using bootstrap::kAmple;
using bootstrap::thrown_by;
using std::chrono::milliseconds;

// Text that forked ranks leave for the test.
class SharedText {
 public:
  static constexpr std::size_t kBytes = 4096;
  SharedText()
      : text_(static_cast<char*>(
            mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  ~SharedText() { munmap(text_, kBytes); }
  void set(const std::string& text) { std::snprintf(text_, kBytes, "%s", text.c_str()); }
  std::string get() const { return text_; }

 private:
  char* text_;
};

TEST(LocalRanks, all_meet_and_succeed) {
  EXPECT_EQ(0, run_local_ranks(8, [](const Options& options) {
              gather_and_check(*options.bootstrap);
              return options.bootstrap->size() == 8 && !testing::Test::HasFailure() ? 0 : 1;
            }));
}

TEST(LocalRanks, each_rank_is_a_process_of_its_own) {
  SharedText seen;
  EXPECT_EQ(0, run_local_ranks(1, [&](const Options& options) {
              seen.set(std::to_string(getpid()) + " " + std::to_string(options.bootstrap->rank()));
              return 0;
            }));
  EXPECT_NE(seen.get(), std::to_string(getpid()) + " 0");
  EXPECT_TRUE(seen.get().ends_with(" 0")) << seen.get();
}

// The processor that the calling process is bound to, or -1.
int bound_processor() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0 || CPU_COUNT(&set) != 1) return -1;
  int processor = 0;
  while (CPU_ISSET(processor, &set) == 0) ++processor;
  return processor;
}

TEST(LocalRanks, each_is_bound_and_neighbours_are_apart) {
  cpu_set_t usable;
  ASSERT_EQ(sched_getaffinity(0, sizeof(usable), &usable), 0);
  const int processors = CPU_COUNT(&usable);
  EXPECT_EQ(0, run_local_ranks(2 * processors, [&](const Options& options) {
              const int mine = bound_processor();
              const std::byte* bytes = reinterpret_cast<const std::byte*>(&mine);
              const auto all =
                  options.bootstrap->all_gather(Blob(bytes, bytes + sizeof(mine)), kAmple);
              const std::size_t rank = static_cast<std::size_t>(options.bootstrap->rank());
              int other = -1;
              std::memcpy(&other, all[(rank + 1) % all.size()].data(), sizeof(other));
              return mine >= 0 && (processors == 1 || mine != other) ? 0 : 1;
            }));
}

TEST(LocalRanks, ranks_that_never_meet_wait_for_nobody) {
  EXPECT_EQ(0, run_local_ranks(3, [](const Options&) { return 0; }));
}

TEST(LocalRanks, the_status_of_a_failed_body_is_returned) {
  EXPECT_EQ(7,
            run_local_ranks(3, [](const Options& o) { return o.bootstrap->rank() == 1 ? 7 : 0; }));
}

TEST(LocalRanks, no_failure_is_lost_in_the_8_bits_of_a_status) {
  EXPECT_EQ(1, run_local_ranks(1, [](const Options&) { return 256; }));
}

// Standard output goes elsewhere while it lives.
class Redirected {
 public:
  explicit Redirected(int descriptor) : kept_(dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    dup2(descriptor, STDOUT_FILENO);
    close(descriptor);
  }
  ~Redirected() {
    dup2(kept_, STDOUT_FILENO);
    close(kept_);
  }

 private:
  int kept_;
};

int pipe_without_a_reader() {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  close(ends[0]);
  return ends[1];
}

TEST(LocalRanks, a_reader_that_closes_the_pipe_ends_all_without_a_word) {
  testing::internal::CaptureStderr();
  int status = 0;
  {
    const Redirected output(pipe_without_a_reader());
    status = run_local_ranks(3, [](const Options& options) -> int {
      gather_and_check(*options.bootstrap);
      if (options.bootstrap->rank() == 1) {
        std::puts("nobody reads this");
        std::fflush(stdout);
      }
      // The others would learn here that one is gone.
      options.bootstrap->all_gather({}, kAmple);
      return 0;
    });
  }
  EXPECT_EQ(status, 128 + SIGPIPE);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(LocalRanks, a_broken_pipe_of_the_body_itself_is_reported) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(128 + SIGPIPE, run_local_ranks(1, [](const Options&) -> int {
              const int broken = pipe_without_a_reader();
              return static_cast<int>(write(broken, "x", 1));
            }));
  EXPECT_NE(testing::internal::GetCapturedStderr().find("rank 0: killed by signal 13"),
            std::string::npos);
}

TEST(LocalRanks, output_that_is_lost_is_a_failure) {
  testing::internal::CaptureStderr();
  int status = 0;
  {
    const Redirected output(open("/dev/full", O_WRONLY));
    status = run_local_ranks(2, [](const Options& options) -> int {
      if (options.bootstrap->rank() == 1) std::puts("this finds no room");
      return 0;
    });
  }
  EXPECT_EQ(status, 1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "weft: rank 1: output was not written: No space left on device\n");
}

TEST(LocalRanks, an_exception_is_printed_with_its_rank) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(1, run_local_ranks(3, [](const Options& options) -> int {
              if (options.bootstrap->rank() == 2)
                throw Error(ErrorCode::internal, "thread ran out");
              return 0;
            }));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "weft: rank 2: thread ran out\n");
}

TEST(LocalRanks, a_killed_rank_is_128_and_its_signal) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(128 + SIGKILL, run_local_ranks(2, [](const Options& options) {
              if (options.bootstrap->rank() == 1) raise(SIGKILL);
              return 0;
            }));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "weft: rank 1: killed by signal 9 (Killed)\n");
}

TEST(LocalRanks, what_ranks_print_is_flushed_and_not_repeated) {
  testing::internal::CaptureStdout();
  std::printf("before, ");
  EXPECT_EQ(0, run_local_ranks(1, [](const Options&) {
              std::printf("inside, ");
              return 0;
            }));
  std::printf("after");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "before, inside, after");
}

TEST(LocalRanks, who_does_not_end_after_a_failure_is_killed) {
  EXPECT_EQ(3, run_local_ranks(3,
                               [](const Options& options) -> int {
                                 if (options.bootstrap->rank() == 1) return 3;
                                 for (;;) pause();
                               },
                               {.grace = milliseconds(50)}));
}

TEST(LocalRanks, a_rank_killed_between_two_all_gathers_is_named_by_the_others) {
  for (const int victim : {0, 2}) {
    SharedText said[4];
    testing::internal::CaptureStderr();
    EXPECT_EQ(
        128 + SIGKILL, run_local_ranks(4, [&](const Options& options) -> int {
          Bootstrap& mine = *options.bootstrap;
          mine.all_gather({}, kAmple);
          if (mine.rank() == victim) raise(SIGKILL);
          const auto thrown = thrown_by([&] { mine.all_gather({}, kAmple); });
          if (thrown)
            said[mine.rank()].set(std::string(name_of(thrown->code())) + ": " + thrown->what());
          return 0;
        }));
    testing::internal::GetCapturedStderr();
    for (int rank = 0; rank < 4; ++rank) {
      if (rank == victim) continue;
      EXPECT_TRUE(
          said[rank].get().starts_with("bootstrap: rank " + std::to_string(victim) + " of 4"))
          << rank << ": " << said[rank].get();
    }
  }
}

TEST(LocalRanks, none_outlives_a_killed_parent) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t parent = fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    close(ends[0]);
    run_local_ranks(3, [&](const Options&) -> int {
      (void)!write(ends[1], "x", 1);
      for (;;) pause();
    });
    _exit(0);
  }
  close(ends[1]);
  char byte = 0;
  for (int rank = 0; rank < 3; ++rank) ASSERT_EQ(read(ends[0], &byte, 1), 1);
  kill(parent, SIGKILL);
  EXPECT_EQ(read(ends[0], &byte, 1), 0);  // nobody holds the other end any more
  close(ends[0]);
  waitpid(parent, nullptr, 0);
}

TEST(LocalRanks, bad_arguments_are_named) {
  const auto code = ErrorCode::invalid_argument;
  expect_error(thrown_by([] { run_local_ranks(0, [](const Options&) { return 0; }); }), code,
               "0 ranks");
  expect_error(thrown_by([] { run_local_ranks(2, nullptr); }), code, "no body");
}

}  // namespace
}  // namespace weft
