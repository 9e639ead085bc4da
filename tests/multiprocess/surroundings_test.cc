// The process around the library: descriptors that are closed or scarce, interval timers,
// privileges that are given up, memory that is not there.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/ranks.h"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

// Collectives on private and allocated buffers and a large message, with the right results.
void use(Communicator& comm, std::size_t count = 100'000) {
  const auto ranks = static_cast<float>(comm.size());
  std::vector<float> data(count, 1.0F);
  comm.all_reduce(data.data(), data.data(), count, DataType::f32, ReduceOp::sum);
  require(std::ranges::all_of(data, [&](float x) { return x == ranks; }), "private buffers");
  const Buffer buffer = comm.allocate(count * sizeof(float));
  auto* shared = buffer.as<float>();
  require(std::all_of(shared, shared + count, [](float x) { return x == 0; }), "not zeroed");
  std::fill_n(shared, count, 1.0F);
  comm.all_reduce(shared, shared, count, DataType::f32, ReduceOp::sum);
  require(std::all_of(shared, shared + count, [&](float x) { return x == ranks; }),
          "allocated buffers");
  comm.barrier();
  std::vector<int> message(count, comm.rank());
  std::vector<int> got(count);
  const int next = (comm.rank() + 1) % comm.size();
  const int previous = (comm.rank() + comm.size() - 1) % comm.size();
  comm.sendrecv(message.data(), count * sizeof(int), next, 7, got.data(), count * sizeof(int),
                previous, 7);
  require(std::ranges::all_of(got, [&](int x) { return x == previous; }), "messages");
}

// Daemons and some launchers start programs so.
TEST(Surroundings, ClosedStandardDescriptorsStayClosed) {
  Options options;
  options.timeout = 60s;
  const int status = run_processes(2, options, OptionsBody([](const Options& mine) {
                                     for (int fd = 0; fd < 3; ++fd) close(fd);
                                     const auto untouched = [](const char* when) {
                                       for (int fd = 0; fd < 3; ++fd)
                                         require(write(fd, "printed", 7) < 0, when);
                                     };
                                     auto comm = Communicator::create(mine);
                                     untouched("after create");
                                     use(comm);
                                     untouched("after its use");
                                   }));
  EXPECT_EQ(status, 0);
}

TEST(Surroundings, TooFewDescriptorsAreAnErrorThatNamesTheLimit) {
  Options options;
  options.timeout = 20s;
  const int status = run_processes(
      2, options, OptionsBody([](const Options& mine) {
        const int next = dup(0);
        close(next);
        // The start-up finds its sockets, and after it there is nothing left.
        const auto more = static_cast<rlim_t>(mine.bootstrap->rank() == 0 ? 1 : 2);
        const rlimit few{static_cast<rlim_t>(next) + more, static_cast<rlim_t>(next) + more};
        mine.bootstrap->all_gather({}, 20s);
        require(setrlimit(RLIMIT_NOFILE, &few) == 0, "setrlimit");
        try {
          auto comm = Communicator::create(mine);
        } catch (const Error& error) {
          const std::string text = error.what();
          require(text.find("RLIMIT_NOFILE") != std::string::npos ||
                      text.find("rank " + std::to_string(1 - mine.bootstrap->rank())) !=
                          std::string::npos,
                  text);
          return;
        }
        require(false, "a communicator without descriptors");
      }));
  EXPECT_EQ(status, 0);
}

// A sampling profiler, say; its handler does not ask for calls to be restarted.
TEST(Surroundings, AnIntervalTimerInterruptsNothing) {
  Options options;
  options.timeout = 120s;
  const int status = run_processes(2, options, OptionsBody([](const Options& mine) {
                                     static volatile sig_atomic_t ticks = 0;
                                     struct sigaction action{};
                                     action.sa_handler = [](int) { ticks = ticks + 1; };
                                     sigaction(SIGALRM, &action, nullptr);
                                     const itimerval each_ms{{0, 1000}, {0, 1000}};
                                     setitimer(ITIMER_REAL, &each_ms, nullptr);
                                     auto comm = Communicator::create(mine);
                                     const sig_atomic_t at_start = ticks;
                                     use(comm, 10'000'000);
                                     for (int round = 0; round < 50; ++round) use(comm, 1000);
                                     require(ticks > at_start, "the timer did not run");
                                   }));
  EXPECT_EQ(status, 0);
}

void become_nobody() {
  require(setgroups(0, nullptr) == 0 && setgid(65534) == 0 && setuid(65534) == 0, "setuid");
}

TEST(Surroundings, PrivilegesMayBeGivenUpAfterTheStart) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has some to give up";
  Options options;
  options.timeout = 60s;
  const int status = run_processes(2, options, [](Communicator& comm) {
    use(comm);
    comm.barrier();
    become_nobody();
    comm.barrier();
    use(comm);
  });
  EXPECT_EQ(status, 0);
}

// Of the transport's plugin, which may lie in a home folder that is closed to others.
bool nobody_can_read(const char* path) {
  const pid_t child = fork();
  if (child == 0) {
    become_nobody();
    _exit(access(path, R_OK));
  }
  int status = 1;
  return waitpid(child, &status, 0) == child && status == 0;
}

TEST(Surroundings, AProcessThatIsNotToBeLookedAtTakesPart) {
  if (geteuid() != 0) GTEST_SKIP() << "root looks at everything: only it can become somebody else";
  const char* plugin = std::getenv("WEFT_PLUGIN_PATH");
  if (plugin != nullptr && !nobody_can_read(plugin))
    GTEST_SKIP() << "only this user can read " << plugin;
  Options options;
  options.timeout = 60s;
  const int status = run_processes(2, options, OptionsBody([](const Options& mine) {
                                     become_nobody();
                                     prctl(PR_SET_DUMPABLE, mine.bootstrap->rank() == 0 ? 1 : 0);
                                     auto comm = Communicator::create(mine);
                                     use(comm);
                                   }));
  EXPECT_EQ(status, 0);
}

TEST(Surroundings, SharedMemoryThatIsNotThereIsAnErrorAtTheStart) {
  Options options;
  options.timeout = 30s;
  options.shared_bytes = std::size_t{1} << 45;
  const int status =
      run_processes(2, options, OptionsBody([](const Options& mine) {
                      expect_error(ErrorCode::no_resources, "MiB of memory asked for",
                                   [&] { Communicator::create(mine); });
                      // The other rank may just be at the same place.
                      mine.bootstrap->all_gather({}, 20s);
                    }));
  EXPECT_EQ(status, 0);
}

TEST(Surroundings, AllocatedMemoryThatIsNotThereIsAnErrorThatKillsNobody) {
  Options options;
  options.timeout = 30s;
  const int status = run_processes(2, options, [](Communicator& comm) {
    expect_error(ErrorCode::no_resources, "", [&] { comm.allocate(std::size_t{1} << 45); });
    use(comm);
  });
  EXPECT_EQ(status, 0);
}

// Where a file's size is limited, the kernel would send SIGXFSZ.
TEST(Surroundings, LimitsOfTheProcessAreErrorsToo) {
  if (std::getenv("WEFT_TRANSPORTS") != nullptr) GTEST_SKIP() << "only shared memory is a file";
  Options options;
  options.timeout = 30s;
  const int status = run_processes(2, options, [](Communicator& comm) {
    const rlimit few{1 << 20, 1 << 20};
    require(setrlimit(RLIMIT_FSIZE, &few) == 0, "setrlimit");
    expect_error(ErrorCode::no_resources, "", [&] { comm.allocate(std::size_t{2} << 20); });
    use(comm, 1000);
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
