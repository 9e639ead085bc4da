// Rank 0 must start its job whoever else connects.
#include "bootstrap/rendezvous.h"

#include "ranks.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <latch>
#include <random>

namespace weft::bootstrap {
namespace {

// A client that speaks raw bytes.
class Stranger {
 public:
  explicit Stranger(const std::string& address) {
    std::string why;
    socket_ = connect_to(parse_endpoint(address), Deadline(kAmple), why);
    EXPECT_TRUE(socket_) << why;
  }

  // As much as the other side takes before it hangs up.
  void send(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      pollfd writable{socket_.fd(), POLLOUT, 0};
      poll(&writable, 1, -1);
      const ssize_t count = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) return;
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }
  void send(std::string_view text) { send(std::as_bytes(std::span(text))); }

  void hello(std::uint32_t rank, std::uint32_t size, const JobName& job = {}) {
    Blob bytes;
    append_frame(bytes, FrameKind::hello, rank, size, pack(Job::of(job, static_cast<int>(size))));
    send(bytes);
  }

  // What the other side says before it hangs up, which it must do.
  std::string reply() {
    std::string text;
    for (;;) {
      pollfd readable{socket_.fd(), POLLIN, 0};
      poll(&readable, 1, -1);
      char buffer[4096];
      const ssize_t count = recv(socket_.fd(), buffer, sizeof buffer, 0);
      if (count <= 0) return text;
      text.append(buffer, static_cast<std::size_t>(count));
    }
  }

 private:
  Socket socket_;
};

class RendezvousTest : public testing::Test {
 protected:
  explicit RendezvousTest(JobName job = {}) : job_(std::move(job)) {}

  // The job starts in spite of everything that `disturb` does before its ranks come.
  void expect_start(int size, const std::function<void()>& disturb) {
    std::latch disturbed(1);
    expect_no_error(in_threads(size + 1, [&](int thread) {
      if (thread == size) {
        disturb();
        disturbed.count_down();
        return;
      }
      if (thread > 0) disturbed.wait();
      gather_and_check(*meeting_.join(thread, size, kAmple, job_));
    }));
  }

  // Rank 0 of a job of 4 hangs up on what `speak` does, after saying `reason`, and the job starts.
  void expect_dropped(const std::function<void(Stranger&)>& speak, const std::string& reason = "") {
    expect_start(4, [&] {
      Stranger stranger(meeting_.address);
      speak(stranger);
      const std::string reply = stranger.reply();
      EXPECT_NE(reply.find(reason), std::string::npos) << reply;
      EXPECT_EQ(reply.empty(), reason.empty()) << reply;
    });
  }

  const JobName job_;
  Meeting meeting_;
};

class NamedJobTest : public RendezvousTest {
 protected:
  NamedJobTest() : RendezvousTest(named("day")) {}
};

TEST_F(RendezvousTest, a_web_client_is_dropped) {
  expect_dropped([](Stranger& s) { s.send("GET / HTTP/1.0\r\n\r\n"); });
}

TEST_F(RendezvousTest, a_mebibyte_of_noise_is_dropped) {
  std::mt19937 random(7);
  Blob noise(std::size_t{1} << 20);
  for (std::byte& byte : noise) byte = static_cast<std::byte>(random());
  expect_dropped([&](Stranger& s) { s.send(noise); });
}

TEST_F(RendezvousTest, an_oversized_frame_is_dropped_at_its_header) {
  expect_dropped([](Stranger& s) {
    s.send(std::string_view("WEFT\2\0\1\0\1\0\0\0\4\0\0\0\xff\xff\xff\xff", kHeaderBytes));
  });
}

TEST_F(RendezvousTest, another_version_is_told) {
  expect_dropped([](Stranger& s) { s.send(std::string_view("WEFT\1\0", 6)); },
                 "start-up protocol version 1, not 2");
}

TEST_F(RendezvousTest, something_else_than_a_hello_is_dropped) {
  expect_dropped([](Stranger& s) {
    s.send(std::string_view("WEFT\2\0\3\0\1\0\0\0\1\0\0\0\0\0\0\0", kHeaderBytes));
  });
}

TEST_F(RendezvousTest, a_rank_of_a_job_of_another_size_is_refused) {
  expect_dropped([](Stranger& s) { s.hello(1, 8); }, "this job has 4 ranks, not 8");
}

TEST_F(RendezvousTest, ranks_out_of_range_are_refused) {
  expect_dropped([](Stranger& s) { s.hello(4, 4); }, "rank 4 is not one of 1 to 3");
}

TEST_F(NamedJobTest, a_second_rank_0_is_refused) {
  expect_dropped([](Stranger& s) { s.hello(0, 4, named("day")); }, "has a rank 0 already");
}

TEST_F(NamedJobTest, ranks_of_other_jobs_are_refused_and_both_are_named) {
  for (const std::uint32_t rank : {0u, 1u, 9u}) {
    expect_dropped(
        [rank](Stranger& s) { s.hello(rank, 4, named("night")); },
        fmt::format("rank {} of job \"night\" (WEFT_JOB, user {}, 4 ranks)", rank, geteuid()));
    meeting_ = Meeting();
  }
  expect_dropped([](Stranger& s) { s.hello(1, 4, named("night")); },
                 "where rank 0 of job \"day\" (WEFT_JOB");
}

TEST_F(NamedJobTest, a_rank_without_a_name_is_refused) {
  expect_dropped([](Stranger& s) { s.hello(1, 4); }, "rank 1 of a job without a name (user");
}

TEST_F(NamedJobTest, a_job_that_is_nonsense_is_refused) {
  expect_dropped(
      [](Stranger& s) {
        Blob bytes;
        append_frame(bytes, FrameKind::hello, 1, 4, Blob(600, std::byte{0xff}));
        s.send(bytes);
      },
      "what describes");
}

TEST_F(NamedJobTest, whom_it_refused_is_told_where_somebody_is_missing) {
  Stranger(meeting_.address).hello(1, 2, named("night"));
  expect_error(thrown_by([&] { meeting_.join(0, 2, std::chrono::milliseconds(300), job_); }),
               ErrorCode::timeout, "within 300 ms; refused meanwhile: rank 1 of job \"night\"");
}

TEST_F(RendezvousTest, two_ranks_0_of_jobs_without_a_name_end_both) {
  Stranger own(meeting_.address);
  own.hello(1, 4);
  Stranger other(meeting_.address);
  other.hello(0, 4);
  const std::string message = "two ranks 0 want " + meeting_.address + ", each of a job without";
  expect_error(thrown_by([&] { meeting_.join(0, 4); }), ErrorCode::bootstrap, message);
  EXPECT_NE(own.reply().find(message), std::string::npos);
  EXPECT_NE(other.reply().find(message), std::string::npos);
}

TEST_F(RendezvousTest, a_rank_0_of_a_job_of_another_size_ends_nobody) {
  expect_dropped([](Stranger& s) { s.hello(0, 8); }, "this job has 4 ranks, not 8");
}

TEST_F(RendezvousTest, a_duplicate_is_refused_and_a_rank_that_leaves_may_come_again) {
  expect_start(4, [&] {
    Stranger first(meeting_.address);
    first.hello(2, 4);
    Stranger second(meeting_.address);
    second.hello(2, 4);
    EXPECT_NE(second.reply().find("rank 2 has come already, from 127.0.0.1:"), std::string::npos);
  });
}

TEST_F(RendezvousTest, a_refused_rank_says_what_it_was_told) {
  expect_start(4, [&] {
    expect_error(thrown_by([&] { make_tcp(1, 3, meeting_.address, kAmple); }), ErrorCode::bootstrap,
                 "this job has 4 ranks, not 3");
  });
}

TEST_F(RendezvousTest, half_a_hello_and_a_close_do_not_matter) {
  expect_start(4, [&] { Stranger(meeting_.address).send(std::string_view("WEFT\2\0\1", 7)); });
}

TEST_F(RendezvousTest, silent_connections_hold_nobody_up) {
  std::vector<Stranger> silent;
  expect_start(4, [&] {
    for (int i = 0; i < 200; ++i) silent.emplace_back(meeting_.address);
  });
}

TEST_F(RendezvousTest, what_a_rank_says_before_its_welcome_is_dropped_with_it) {
  expect_dropped([](Stranger& s) {
    s.hello(3, 4);
    s.send("and more");
  });
}

TEST_F(RendezvousTest, the_missing_rank_is_named_to_those_who_came) {
  std::vector<Stranger> came;
  for (const std::uint32_t rank : {1u, 3u}) came.emplace_back(meeting_.address).hello(rank, 4);
  const std::string address = meeting_.address;
  const std::string message = "rank 2 of 4 has not connected to " + address + " within 300 ms";
  expect_error(thrown_by([&] { meeting_.join(0, 4, std::chrono::milliseconds(300)); }),
               ErrorCode::timeout, message);
  for (Stranger& rank : came) EXPECT_NE(rank.reply().find(message), std::string::npos);
}

TEST_F(RendezvousTest, what_was_dropped_is_logged_when_asked_for) {
  testing::internal::CaptureStderr();
  const Deadline deadline(kAmple);
  expect_no_error(in_threads(2, [&](int rank) {
    if (rank == 0) {
      Rendezvous(Socket(meeting_.listener.release()), Job::of({}, 2),
                 Log(LogLevel::info, "weft 0/2"))
          .collect(deadline);
      return;
    }
    Stranger stranger(meeting_.address);
    stranger.send("GET /");
    stranger.reply();
    Stranger(meeting_.address).hello(1, 2);
  }));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("weft 0/2: dropped the connection from 127.0.0.1:"), std::string::npos) << log;
  EXPECT_NE(log.find("not a weft connection: it starts with \"GET /\""), std::string::npos) << log;
}

}  // namespace
}  // namespace weft::bootstrap
