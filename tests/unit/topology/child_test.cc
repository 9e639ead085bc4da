#include "topology/child.h"

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>

namespace weft::topology {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::byte>;

constexpr auto kPatience = 60s;

TEST(Child, what_it_returns_arrives_also_where_no_pipe_holds_it) {
  for (const std::size_t size : {0, 1, 70'000, 3'000'000}) {
    const Outcome outcome = run_in_child([&] { return Bytes(size, std::byte{7}); }, kPatience);
    EXPECT_TRUE(outcome.finished);
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.signal, 0);
    EXPECT_EQ(outcome.result, Bytes(size, std::byte{7}));
  }
}

TEST(Child, an_exception_arrives_as_its_text) {
  const Outcome outcome =
      run_in_child([]() -> Bytes { throw std::runtime_error("no such thing"); }, kPatience);
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.error, "no such thing");
}

TEST(Child, a_crash_is_told_by_its_signal_and_what_it_printed) {
  const Outcome outcome = run_in_child(
      []() -> Bytes {
        std::fputs("****\n* the reason\nmore\n", stderr);
        raise(SIGSEGV);
        return {};
      },
      kPatience);
  EXPECT_FALSE(outcome.finished);
  EXPECT_FALSE(outcome.late);
  EXPECT_EQ(outcome.signal, SIGSEGV);
  EXPECT_EQ(outcome.printed, "* the reason");
}

TEST(Child, one_that_hangs_is_killed_when_patience_ends) {
  const Outcome outcome = run_in_child(
      []() -> Bytes {
        for (;;) pause();
      },
      50ms);
  EXPECT_FALSE(outcome.finished);
  EXPECT_TRUE(outcome.late);
  EXPECT_EQ(outcome.signal, SIGKILL);
}

TEST(Child, one_that_prints_without_end_does_not_block) {
  const Outcome outcome = run_in_child(
      []() -> Bytes {
        for (int i = 0; i < 100'000; ++i) std::fputs("a line that nobody reads\n", stderr);
        return {};
      },
      kPatience);
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.printed, "a line that nobody reads");
}

TEST(Child, one_that_leaves_without_an_answer_is_no_success) {
  const Outcome outcome = run_in_child([]() -> Bytes { _exit(0); }, kPatience);
  EXPECT_FALSE(outcome.finished);
  EXPECT_FALSE(outcome.late);
  EXPECT_EQ(outcome.signal, 0);
}

TEST(Child, its_memory_is_bounded) {
  // Sanitizers end the process where others throw.
  const Outcome outcome = run_in_child([] { return Bytes(std::size_t{3} << 30); }, kPatience);
  EXPECT_TRUE(!outcome.finished || !outcome.error.empty());
}

TEST(Child, none_is_left_behind) {
  (void)run_in_child([] { return Bytes(); }, kPatience);
  (void)run_in_child(
      []() -> Bytes {
        for (;;) pause();
      },
      1ms);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace weft::topology
