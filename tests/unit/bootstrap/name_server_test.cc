// Name servers that do not answer: a network and a resolv.conf of this process's own.
#include "ranks.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace weft::bootstrap {
namespace {

constexpr int kNotAllowed = 77;

// Where the only name server is one that takes questions and says nothing.
bool enter_silence() {
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0 &&
      unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) != 0) {
    return false;
  }
  const int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq loopback{};
  std::snprintf(loopback.ifr_name, sizeof loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  inet_pton(AF_INET, "127.0.0.9", &address.sin_addr);
  char file[] = "/tmp/weft_resolv_XXXXXX";
  close(mkstemp(file));
  std::ofstream(file) << "nameserver 127.0.0.9\n";
  const bool ready = ioctl(server, SIOCSIFFLAGS, &loopback) == 0 &&
                     bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                     mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                     mount(file, "/etc/resolv.conf", nullptr, MS_BIND, nullptr) == 0;
  unlink(file);
  return ready;
}

// What `call` throws there; empty: nothing. False: this machine does not let us go there.
bool in_silence(const std::function<void()>& call, std::string* what) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (!enter_silence()) _exit(kNotAllowed);
    const auto error = thrown_by(call);
    const std::string text =
        error ? std::string(name_of(error->code())) + ": " + error->what() : "";
    (void)!write(ends[1], text.data(), text.size());
    std::exit(0);  // as a program ends whose look-up is still under way
  }
  close(ends[1]);
  char buffer[4096];
  for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
    what->append(buffer, static_cast<std::size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  return WEXITSTATUS(status) != kNotAllowed;
}

// The resolver itself would try for ten seconds and say something else then.
TEST(NameServer, that_is_silent_makes_nobody_wait_beyond_the_time_out) {
  std::string what;
  const bool allowed = in_silence(
      [] { make_tcp(1, 2, "node7.cluster.local:2000", std::chrono::milliseconds(300)); }, &what);
  if (!allowed) GTEST_SKIP() << "no right to make namespaces";
  EXPECT_EQ(what,
            "timeout: rank 0 at node7.cluster.local:2000 does not answer within 300 ms: no name "
            "server has said in time which host node7.cluster.local is");
}

TEST(NameServer, is_not_asked_where_rank_0_listens) {
  std::string what;
  const bool allowed = in_silence(
      [] { make_tcp(0, 2, "node7.cluster.local:2000", std::chrono::milliseconds(300)); }, &what);
  if (!allowed) GTEST_SKIP() << "no right to make namespaces";
  EXPECT_NE(what.find("rank 1 of 2 has not connected to [::]:2000 within 300 ms"),
            std::string::npos)
      << what;
}

// Who has a port is asked for within the time-out too.
TEST(NameServer, is_not_waited_for_where_the_port_is_taken) {
  std::string what;
  const bool allowed = in_silence(
      [] {
        const Socket taken = listen_on({"node7.cluster.local", "2000"}, Deadline(kAmple));
        make_tcp(0, 2, "node7.cluster.local:2000", std::chrono::milliseconds(300));
      },
      &what);
  if (!allowed) GTEST_SKIP() << "no right to make namespaces";
  EXPECT_NE(what.find("cannot listen on node7.cluster.local:2000: Address already in use"),
            std::string::npos)
      << what;
}

}  // namespace
}  // namespace weft::bootstrap
