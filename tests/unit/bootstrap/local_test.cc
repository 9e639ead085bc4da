#include "ranks.h"

#include <barrier>

namespace weft::bootstrap {
namespace {

TEST(Local, every_rank_gets_every_blob) {
  for (const int size : {1, 2, 7}) {
    const auto ranks = make_local(size);
    ASSERT_EQ(ranks.size(), static_cast<std::size_t>(size));
    expect_no_error(in_threads(size, [&](int rank) {
      Bootstrap& mine = *ranks[static_cast<std::size_t>(rank)];
      EXPECT_EQ(mine.rank(), rank);
      EXPECT_EQ(mine.size(), size);
      gather_and_check(mine, 50);
    }));
  }
}

TEST(Local, a_rank_that_does_not_call_is_named_to_all_and_for_good) {
  const auto ranks = make_local(4);
  const auto gather = [&](int rank) {
    if (rank != 2)
      ranks[static_cast<std::size_t>(rank)]->all_gather({}, std::chrono::milliseconds(500));
  };
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto thrown = in_threads(4, gather);
    for (const int rank : {0, 1, 3}) {
      expect_error(thrown[static_cast<std::size_t>(rank)], ErrorCode::timeout,
                   "rank 2 of 4 has not called all_gather #1 within 500 ms");
    }
  }
}

TEST(Local, a_rank_that_leaves_is_named_without_waiting) {
  auto ranks = make_local(3);
  std::barrier gathered(3);
  const auto thrown = in_threads(3, [&](int rank) {
    auto& mine = ranks[static_cast<std::size_t>(rank)];
    gather_and_check(*mine, 1);
    gathered.arrive_and_wait();
    if (rank == 1) mine.reset();
    if (rank != 1) mine->all_gather({}, std::chrono::hours(1));
  });
  for (const std::size_t rank : {0u, 2u}) {
    expect_error(thrown[rank], ErrorCode::bootstrap, "rank 1 of 3 left before all_gather #2");
  }
}

TEST(Local, a_rank_may_leave_after_its_last_call) {
  auto ranks = make_local(3);
  expect_no_error(in_threads(3, [&](int rank) {
    auto& mine = ranks[static_cast<std::size_t>(rank)];
    gather_and_check(*mine, 10);
    mine.reset();
  }));
}

TEST(Local, no_ranks_are_an_error) {
  expect_error(thrown_by([] { make_local(0); }), ErrorCode::invalid_argument, "at least 1");
}

TEST(Single, its_one_rank_gets_its_blob_back) {
  const auto single = make_single();
  EXPECT_EQ(single->size(), 1);
  EXPECT_EQ(single->description(), "single process");
  gather_and_check(*single);
}

}  // namespace
}  // namespace weft::bootstrap
