#include "ranks.h"

#include "bootstrap/frame.h"

#include <sys/socket.h>

#include <atomic>
#include <barrier>

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
  const std::string address = Meeting().address;  // free again
  expect_no_error(
      in_threads(3, [&](int rank) { gather_and_check(*make_tcp(rank, 3, address, kAmple)); }));
}

TEST(Tcp, a_taken_port_is_an_error_that_says_so) {
  const Meeting other;
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

TEST(Tcp, missing_ranks_are_named_to_those_who_came) {
  Meeting meeting;
  const auto thrown = in_threads(6, [&](int rank) {
    if (rank == 3 || rank == 5) return;
    meeting.join(rank, 6, rank == 0 ? milliseconds(500) : kAmple);
  });
  for (const std::size_t rank : {0u, 1u, 2u, 4u}) {
    expect_error(thrown[rank], ErrorCode::timeout,
                 "ranks 3, 5 of 6 have not connected to " + meeting.address + " within 500 ms");
  }
}

TEST(Tcp, rank_0_is_named_when_it_is_not_there) {
  const std::string address = Meeting().address;
  expect_error(thrown_by([&] { make_tcp(1, 2, address, milliseconds(100)); }), ErrorCode::timeout,
               "rank 0 at " + address + " does not answer within 100 ms: Connection refused");
}

TEST(Tcp, rank_0_is_named_when_it_never_answers) {
  const Meeting silent;  // the kernel accepts, nobody speaks
  expect_error(thrown_by([&] { make_tcp(1, 2, silent.address, milliseconds(100)); }),
               ErrorCode::timeout, "rank 0 at " + silent.address + " did not say within 100 ms");
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
               ErrorCode::timeout, "does not answer within 200 ms");
  over = true;
}

TEST(Tcp, a_rank_that_does_not_call_is_named_to_all_and_for_good) {
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
    expect_error(first, ErrorCode::timeout,
                 "rank 2 of 4 has not called all_gather #2 within 500 ms");
    mine->all_gather({}, kAmple);
  });
  for (const std::size_t rank : {0u, 1u, 3u}) {
    expect_error(thrown[rank], ErrorCode::timeout, "rank 2 of 4 has not called all_gather #2");
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
