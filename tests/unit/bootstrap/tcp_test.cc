#include "ranks.h"

#include "bootstrap/strangers.h"

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <barrier>
#include <latch>
#include <regex>

namespace weft::bootstrap {
namespace {

using std::chrono::milliseconds;

TEST(Tcp, every_rank_gets_every_blob) {
  for (const int size : {1, 2, 5}) {
    Meeting meeting;
    expect_no_error(in_threads(size, [&](int rank) {
      const auto mine = meeting.join(rank, size);
      EXPECT_EQ(mine->rank(), rank);
      EXPECT_EQ(mine->size(), size);
      gather_and_check(*mine, 5);
    }));
  }
}

TEST(Tcp, large_blobs_pass) {
  Meeting meeting;
  expect_no_error(in_threads(
      3, [&](int rank) { gather_and_check(*meeting.join(rank, 3), 2, std::size_t{1} << 20); }));
}

TEST(Tcp, thirty_two_ranks_meet) {
  Meeting meeting;
  expect_no_error(in_threads(32, [&](int rank) { gather_and_check(*meeting.join(rank, 32)); }));
}

TEST(Tcp, the_address_may_be_a_name_or_ipv6) {
  for (const std::string host : {"localhost", "::1"}) {
    std::optional<Meeting> meeting;
    if (thrown_by([&] { meeting.emplace(host); })) continue;  // no IPv6 here
    const std::string port = meeting->address.substr(meeting->address.rfind(':') + 1);
    meeting->address = Endpoint{host, port}.text();
    expect_no_error(in_threads(3, [&](int rank) { gather_and_check(*meeting->join(rank, 3)); }));
  }
}

TEST(Tcp, rank_0_listens_where_it_is_told) {
  const ReservedPort port;
  expect_no_error(
      in_threads(3, [&](int rank) { gather_and_check(*make_tcp(rank, 3, port.address, kAmple)); }));
}

TEST(Tcp, a_taken_port_is_an_error_that_says_so) {
  const Meeting other;  // the kernel accepts, nobody speaks
  expect_error(thrown_by([&] { make_tcp(0, 2, other.address, kAmple); }), ErrorCode::bootstrap,
               "cannot listen on " + other.address + ": Address already in use");
}

TEST(Tcp, ranks_may_come_late) {
  Meeting meeting;
  expect_no_error(in_threads(4, [&](int rank) {
    if (rank % 2 == 0) std::this_thread::sleep_for(milliseconds(20 * (4 - rank)));
    gather_and_check(*meeting.join(rank, 4));
  }));
}

TEST(Tcp, a_rank_says_what_rank_0_tells_it) {
  const Meeting meeting;
  const std::string words = "ranks 3, 5 of 6 have not connected within 500 ms";
  const auto thrown = in_threads(2, [&](int thread) {
    if (thread == 1) {
      make_tcp(1, 6, meeting.address, kAmple);
      return;
    }
    pollfd waiting{meeting.listener.fd(), POLLIN, 0};
    poll(&waiting, 1, -1);
    Socket accepted;
    ASSERT_EQ(accept_from(meeting.listener, accepted), AcceptResult::accepted);
    Connection connection(std::move(accepted), kMaxPayload);
    Strangers::tell(connection, ErrorCode::timeout, words);
  });
  expect_error(thrown[1], ErrorCode::timeout, words);
}

TEST(Tcp, rank_0_is_named_when_it_is_not_there) {
  const ReservedPort port;
  expect_error(thrown_by([&] { make_tcp(1, 2, port.address, milliseconds(100)); }),
               ErrorCode::timeout,
               "rank 0 at " + port.address + " does not answer within 100 ms: Connection refused");
}

TEST(Tcp, rank_0_is_named_when_it_never_answers) {
  const Meeting silent;  // the kernel accepts, nobody speaks
  expect_error(thrown_by([&] { make_tcp(1, 2, silent.address, milliseconds(100)); }),
               ErrorCode::timeout, "rank 0 at " + silent.address + " did not say within 100 ms");
}

TEST(Tcp, a_rank_0_that_sends_byte_after_byte_is_not_heard_for_ever) {
  const Meeting meeting;
  std::atomic<bool> over = false;
  std::jthread speak([&] {
    Socket accepted;
    while (accept_from(meeting.listener, accepted) != AcceptResult::accepted && !over)
      std::this_thread::yield();
    Blob endless;
    append_frame(endless, FrameKind::blob, 1, 1, Blob(kMaxPayload));
    for (std::size_t i = 0; i < endless.size() && !over; ++i) {
      while (send(accepted.fd(), &endless[i], 1, MSG_NOSIGNAL) < 0 && errno == EAGAIN && !over)
        std::this_thread::yield();
    }
  });
  expect_error(thrown_by([&] { make_tcp(1, 2, meeting.address, milliseconds(200)); }),
               ErrorCode::timeout, "did not say within 200 ms");
  over = true;
}

TEST(Tcp, another_service_at_rank_0s_address_is_not_rank_0) {
  Meeting service;
  std::atomic<bool> over = false;
  std::jthread speak([&] {
    while (!over) {
      Socket accepted;
      if (accept_from(service.listener, accepted) == AcceptResult::accepted) {
        (void)send(accepted.fd(), "220 smtp\r\n", 10, MSG_NOSIGNAL);
      }
      std::this_thread::yield();
    }
  });
  expect_error(thrown_by([&] { make_tcp(1, 2, service.address, milliseconds(200)); }),
               ErrorCode::timeout, "within 200 ms");
  over = true;
}

TEST(Tcp, a_rank_that_does_not_call_is_named_to_all_and_for_good) {
  // On a busy machine others may not have called in time either.
  const std::regex late(
      "ranks? (1, )?2(, 3)? of 4 (has|have) not called all_gather #2 within 500 ms");
  Meeting meeting;
  std::barrier over(4);
  const auto thrown = in_threads(4, [&](int rank) {
    const auto mine = meeting.join(rank, 4);
    gather_and_check(*mine, 1);
    std::optional<Error> first;
    if (rank != 2) {
      first = thrown_by([&] { mine->all_gather({}, rank == 0 ? milliseconds(500) : kAmple); });
    }
    over.arrive_and_wait();
    if (rank == 2) return;
    ASSERT_TRUE(first);
    EXPECT_TRUE(std::regex_search(first->what(), late)) << first->what();
    mine->all_gather({}, kAmple);
  });
  for (const std::size_t rank : {0u, 1u, 3u}) {
    ASSERT_TRUE(thrown[rank]);
    EXPECT_EQ(thrown[rank]->code(), ErrorCode::timeout);
    EXPECT_TRUE(std::regex_search(thrown[rank]->what(), late)) << thrown[rank]->what();
  }
}

TEST(Tcp, rank_0_is_named_when_it_does_not_call) {
  Meeting meeting;
  std::barrier over(2);
  const auto thrown = in_threads(2, [&](int rank) {
    const auto mine = meeting.join(rank, 2);
    std::optional<Error> error;
    if (rank == 1) error = thrown_by([&] { mine->all_gather({}, milliseconds(100)); });
    over.arrive_and_wait();
    if (error) throw Error(*error);
  });
  expect_error(
      thrown[1], ErrorCode::timeout,
      "rank 0 of 2 at " + meeting.address + " has not completed all_gather #1 within 100 ms");
}

TEST(Tcp, a_rank_that_leaves_is_named_without_waiting) {
  for (const int leaver : {0, 2}) {
    Meeting meeting;
    const auto thrown = in_threads(3, [&](int rank) {
      const auto mine = meeting.join(rank, 3);
      gather_and_check(*mine, 1);
      if (rank != leaver) mine->all_gather({}, std::chrono::hours(1));
    });
    for (const int rank : {0, 1, 2}) {
      if (rank == leaver) continue;
      expect_error(thrown[static_cast<std::size_t>(rank)], ErrorCode::bootstrap,
                   fmt::format("rank {} of 3", leaver));
    }
  }
}

TEST(Tcp, a_job_whose_port_another_has_is_told_whose_it_is) {
  Meeting meeting;
  std::latch refused(1);
  const auto thrown = in_threads(3, [&](int thread) {
    if (thread == 1) refused.wait();
    if (thread < 2) {
      gather_and_check(*meeting.join(thread, 2, kAmple, named("day")));
      return;
    }
    for (const int rank : {1, 0}) {
      expect_error(
          thrown_by([&] { make_tcp(rank, 2, meeting.address, kAmple, {}, named("night")); }),
          ErrorCode::bootstrap, "where rank 0 of job \"day\" (WEFT_JOB, user");
    }
    refused.count_down();
  });
  expect_no_error(thrown);
}

TEST(Tcp, the_ranks_of_another_job_are_answered_as_long_as_the_start_up_goes_on) {
  Meeting meeting;
  std::latch refused(1);
  expect_no_error(in_threads(3, [&](int thread) {
    if (thread < 2) {
      const auto mine = meeting.join(thread, 2, kAmple, named("day"));
      gather_and_check(*mine, 1);
      if (thread == 1) refused.wait();
      gather_and_check(*mine, 1);
      return;
    }
    expect_error(thrown_by([&] { make_tcp(1, 3, meeting.address, kAmple, {}, named("night")); }),
                 ErrorCode::bootstrap, "rank 1 of job \"night\" (WEFT_JOB");
    refused.count_down();
  }));
}

TEST(Tcp, two_ranks_0_without_a_name_end_also_what_had_begun) {
  Meeting meeting;
  std::barrier begun(3);
  std::latch over(1);
  const auto thrown = in_threads(3, [&](int thread) {
    if (thread == 2) {
      begun.arrive_and_wait();
      make_tcp(0, 2, meeting.address, kAmple);
      return;
    }
    const auto mine = meeting.join(thread, 2);
    begun.arrive_and_wait();
    const auto call = [&] { mine->all_gather({}, kAmple); };
    if (thread == 1) {
      over.wait();
      return call();
    }
    const auto error = thrown_by(call);
    over.count_down();
    if (error) throw Error(*error);
  });
  for (const std::size_t rank : {0u, 1u})
    expect_error(thrown[rank], ErrorCode::bootstrap, "two ranks 0 want " + meeting.address);
  expect_error(thrown[2], ErrorCode::bootstrap, "two ranks 0 want " + meeting.address);
}

TEST(Tcp, the_next_start_up_of_a_job_waits_until_the_first_has_left_the_port) {
  const ReservedPort port;
  std::barrier joined(2);
  expect_no_error(in_threads(2, [&](int rank) {
    auto first = make_tcp(rank, 2, port.address, kAmple);
    gather_and_check(*first);
    joined.arrive_and_wait();
    if (rank == 0) {
      std::string why;
      // Until the next rank 1 has come too early.
      const auto only = Deadline(std::chrono::milliseconds(50));
      EXPECT_TRUE(thrown_by([&] { first->all_gather({}, only.timeout()); }));
      first.reset();
    }
    gather_and_check(*make_tcp(rank, 2, port.address, kAmple));
  }));
}

TEST(Tcp, a_blob_above_the_limit_is_refused_and_does_no_harm) {
  Meeting meeting;
  const Blob blob(kMaxPayload + 1);
  expect_no_error(in_threads(2, [&](int rank) {
    const auto mine = meeting.join(rank, 2);
    expect_error(thrown_by([&] { mine->all_gather(blob, kAmple); }), ErrorCode::invalid_argument,
                 "a blob of 16777217 bytes");
    gather_and_check(*mine);
  }));
}

TEST(Tcp, bad_arguments_are_named) {
  const auto code = ErrorCode::invalid_argument;
  expect_error(thrown_by([] { make_tcp(0, 0, "a:1", kAmple); }), code, "0 ranks");
  expect_error(thrown_by([] { make_tcp(4, 4, "a:1", kAmple); }), code,
               "rank 4 is not one of 0 to 3");
  expect_error(thrown_by([] { make_tcp(-1, 4, "a:1", kAmple); }), code, "rank -1");
  expect_error(thrown_by([] { make_tcp(0, 4, "a", kAmple); }), code, "\"a\" is no address");
  expect_error(thrown_by([] { make_tcp_root(-1, 2, kAmple); }), code, "no listening socket");
}

}  // namespace
}  // namespace weft::bootstrap
