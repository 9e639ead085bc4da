#include "base/identity.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace weft {
namespace {

// What a forked child says through a pipe.
Identity identity_of_child(long (*fork_somehow)()) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const long child = fork_somehow();
  if (child == 0) {
    const Identity own = process_identity();
    _exit(write(ends[1], &own, sizeof(own)) == sizeof(own) ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(waitpid(static_cast<pid_t>(child), &status, 0), child);
  EXPECT_EQ(status, 0);
  Identity theirs;
  EXPECT_EQ(read(ends[0], &theirs, sizeof(theirs)), static_cast<ssize_t>(sizeof(theirs)));
  close(ends[0]);
  close(ends[1]);
  return theirs;
}

TEST(Identity, stays_the_same_in_every_thread) {
  const Identity& own = process_identity();
  EXPECT_NE(own, Identity{});
  std::vector<Identity> seen(4);
  std::vector<std::thread> threads;
  for (Identity& one : seen) threads.emplace_back([&one] { one = process_identity(); });
  for (std::thread& thread : threads) thread.join();
  for (const Identity& one : seen) EXPECT_EQ(one, own);
  EXPECT_EQ(&process_identity(), &own);
}

TEST(Identity, a_forked_child_has_another_one) {
  const Identity own = process_identity();
  const Identity child = identity_of_child([]() -> long { return fork(); });
  EXPECT_NE(child, Identity{});
  EXPECT_NE(child, own);
  EXPECT_EQ(process_identity(), own);
}

// Handlers of pthread_atfork do not run then.
TEST(Identity, so_has_one_that_the_system_call_has_made) {
  const Identity own = process_identity();
  const Identity child =
      identity_of_child([]() -> long { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); });
  EXPECT_NE(child, Identity{});
  EXPECT_NE(child, own);
}

TEST(Identity, is_32_digits_as_text) {
  EXPECT_EQ(text_of({0x0123456789abcdef, 1}), "0123456789abcdef0000000000000001");
}

}  // namespace
}  // namespace weft
