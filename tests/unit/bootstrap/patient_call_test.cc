#include "bootstrap/patient_call.h"

#include "ranks.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <latch>
#include <memory>

namespace weft::bootstrap {
namespace {

// Something that blocks until it is let go, as a name server that is down makes getaddrinfo() do.
struct Blocked {
  std::latch entered{1};
  std::latch let_go{1};
  std::latch over{1};

  int operator()() {
    entered.count_down();
    let_go.wait();
    over.count_down();
    return 7;
  }
};

TEST(PatientCall, what_is_returned_in_time_is_the_result) {
  EXPECT_EQ(call_within<int>(Deadline(kAmple), [] { return 7; }), 7);
}

TEST(PatientCall, a_call_that_does_not_return_is_left_alone_at_the_deadline) {
  const auto blocked = std::make_shared<Blocked>();
  EXPECT_EQ(
      call_within<int>(Deadline(std::chrono::milliseconds(20)), [blocked] { return (*blocked)(); }),
      std::nullopt);
  blocked->let_go.count_down();
  blocked->over.wait();  // a late result does no harm
}

TEST(PatientCall, signals_are_for_other_threads) {
  EXPECT_EQ(call_within<bool>(Deadline(kAmple),
                              [] {
                                sigset_t blocked;
                                pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
                                return sigismember(&blocked, SIGTERM) == 1 &&
                                       sigismember(&blocked, SIGALRM) == 1;
                              }),
            true);
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 0);
}

// Ends this process as main() does, while a call is still under way.
[[noreturn]] void leave_in_the_middle() {
  static Blocked blocked;
  (void)call_within<int>(Deadline(std::chrono::milliseconds(20)), [] { return blocked(); });
  blocked.entered.wait();
  std::exit(3);
}

TEST(PatientCallDeathTest, a_process_ends_although_a_call_has_not) {
  EXPECT_EXIT(leave_in_the_middle(), testing::ExitedWithCode(3), "");
}

TEST(PatientCallDeathTest, a_forked_child_calls_for_itself) {
  const auto blocked = std::make_shared<Blocked>();
  (void)call_within<int>(Deadline(std::chrono::milliseconds(20)),
                         [blocked] { return (*blocked)(); });
  const pid_t child = fork();
  if (child == 0) _exit(call_within<int>(Deadline(kAmple), [] { return 5; }).value_or(1));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 5) << status;
  blocked->let_go.count_down();
  blocked->over.wait();
}

}  // namespace
}  // namespace weft::bootstrap
