// Posting pages allocates nothing for each of them, and nothing at all where an earlier request was
// as large.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <random>
#include <vector>

#include "deeds.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

constexpr std::uint32_t kPages = 15'000;

std::vector<std::uint32_t> shuffled(unsigned seed) {
  std::vector<std::uint32_t> pages(kPages);
  std::iota(pages.begin(), pages.end(), 0U);
  std::shuffle(pages.begin(), pages.end(), std::minstd_rand(seed));
  return pages;
}

TEST(SteadyPages, AllocateOnceForARequestAndThenNeverAgain) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    PagePool pool = comm.open_page_pool({.page_bytes = 256, .pages = kPages, .layers = 4});
    const std::vector<std::uint32_t> source = shuffled(1), target = shuffled(2);
    constexpr int kRounds = 10, kAtOnce = 3;
    for (int round = 0; round < kRounds; ++round) {
      PageTicket tickets[kAtOnce];
      deeds = {};
      {
        const Watch watch(false);
        for (PageTicket& ticket : tickets) {
          ticket = comm.rank() == 0 ? pool.write_pages(1, source, target, {.counter = 0})
                                    : pool.read_pages(0, source, target, {.counter = 0});
        }
      }
      const long most = round == 0 ? 5 * kAtOnce : 0;
      require(deeds.allocations <= most,
              fmt::format("{} allocations in posting round {}", deeds.allocations, round));
      deeds = {};
      {
        const Watch watch(false);
        for (PageTicket& ticket : tickets) {
          while (!ticket.done()) {
          }
          ticket.wait();
        }
      }
      require(deeds.allocations == 0, fmt::format("{} allocations in moving", deeds.allocations));
    }
    pool.wait_counter(0, kRounds * kAtOnce);
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
