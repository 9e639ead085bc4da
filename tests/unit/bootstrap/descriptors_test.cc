// Start-up where file descriptors are few. Each case runs in a process of its own, whose limit it
// lowers for good.
#include "bootstrap/descriptors.h"

#include "bootstrap/frame.h"
#include "bootstrap/job.h"

#include "ranks.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

namespace weft::bootstrap {
namespace {

// The number behind that of the `count` lowest descriptors that are free.
rlim_t behind_free(int count) {
  int number = 0;
  for (; count > 0; ++number) count -= fcntl(number, F_GETFD) < 0 ? 1 : 0;
  return static_cast<rlim_t>(number);
}

// From now on this process may open `more` descriptors, and `most` once it has asked for that.
void leave(int more, int most) {
  const rlimit limit{behind_free(more), behind_free(most)};
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) std::perror("setrlimit");
}

[[noreturn]] void end(const std::optional<Error>& error) {
  std::fprintf(stderr, "%s", error ? error->what() : "nothing was thrown");
  std::_Exit(error && error->code() == ErrorCode::no_resources ? 0 : 1);
}

TEST(DescriptorsDeathTest, a_soft_limit_that_is_met_is_raised) {
  const auto meet = [] {
    Meeting meeting;
    leave(2, 200);
    const auto thrown =
        in_threads(16, [&](int rank) { gather_and_check(*meeting.join(rank, 16)); });
    for (const auto& error : thrown) {
      if (error) end(error);
    }
    std::_Exit(testing::Test::HasFailure() ? 1 : 0);
  };
  EXPECT_EXIT(meet(), testing::ExitedWithCode(0), "");
}

TEST(DescriptorsDeathTest, a_limit_that_nobody_meets_stays_as_it_is) {
  const auto meet = [] {
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    Meeting meeting;
    (void)in_threads(4, [&](int rank) { gather_and_check(*meeting.join(rank, 4)); });
    rlimit after{};
    getrlimit(RLIMIT_NOFILE, &after);
    std::_Exit(before.rlim_cur == after.rlim_cur ? 0 : 1);
  };
  EXPECT_EXIT(meet(), testing::ExitedWithCode(0), "");
}

TEST(DescriptorsDeathTest, a_rank_without_a_descriptor_says_so_at_once) {
  const auto connect = [] {
    const Meeting silent;
    leave(0, 0);
    end(thrown_by([&] { make_tcp(1, 2, silent.address, kAmple); }));
  };
  EXPECT_EXIT(
      connect(), testing::ExitedWithCode(0),
      "no connection to 127.0.0.1:[0-9]+: Too many open files: raise RLIMIT_NOFILE, which is "
      "[0-9]+ .ulimit -n.; at most [0-9]+ may be set here");
}

TEST(DescriptorsDeathTest, a_rank_0_that_cannot_listen_says_so) {
  const auto listen = [] {
    const ReservedPort port;
    leave(0, 0);
    end(thrown_by([&] { make_tcp(0, 2, port.address, kAmple); }));
  };
  EXPECT_EXIT(listen(), testing::ExitedWithCode(0), "cannot listen on .*: raise RLIMIT_NOFILE");
}

TEST(DescriptorsDeathTest, a_rank_0_that_cannot_accept_tells_those_who_came) {
  const auto accept = [] {
    Meeting meeting;
    std::vector<Socket> ranks;
    for (std::uint32_t rank = 1; rank < 4; ++rank) {
      std::string why;
      ranks.push_back(connect_to(parse_endpoint(meeting.address), Deadline(kAmple), why));
      Blob hello;
      append_frame(hello, FrameKind::hello, rank, 4, pack(Job::of({}, 4)));
      (void)send(ranks.back().fd(), hello.data(), hello.size(), 0);
    }
    leave(2, 2);
    const auto error = thrown_by([&] { meeting.join(0, 4); });
    char told[4096] = {};
    (void)recv(ranks[0].fd(), told, sizeof told - 1, 0);
    if (std::string(told, sizeof told).find("RLIMIT_NOFILE") == std::string::npos) std::_Exit(2);
    end(error);
  };
  EXPECT_EXIT(accept(), testing::ExitedWithCode(0),
              "rank 0 cannot accept a connection after 3 of 4 ranks: Too many open files: "
              "raise RLIMIT_NOFILE");
}

}  // namespace
}  // namespace weft::bootstrap
