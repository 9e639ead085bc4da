// Page pools: what is refused, what is cancelled, what takes too long, and ranks that die.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "page_numbers.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

TEST(PagesErrors, WhatIsWrongIsRefusedBeforeAnythingIsWritten) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    PagePool pool = comm.open_page_pool({.page_bytes = 64,
                                         .pages = comm.rank() == 0 ? std::size_t{10} : 20,
                                         .layers = 2,
                                         .counters = 3});
    const auto refused = [&](const std::string& part, const std::function<void()>& call) {
      expect_error(ErrorCode::invalid_argument, part, call);
    };
    std::memset(begin_of(pool), 9, extent(pool.layout()));
    comm.barrier();
    if (comm.rank() == 0) {
      std::memset(begin_of(pool), 1, extent(pool.layout()));
      const PageOptions tells{.counter = 1};
      refused("page 10 at place 2 of the source pages; rank 0 has 10",
              [&] { pool.write_pages(1, Numbers{0, 1, 10}, Numbers{0, 1, 2}, tells); });
      refused("page 20 at place 1 of the target pages; rank 1 has 20",
              [&] { pool.write_pages(1, Numbers{0, 1, 2}, Numbers{0, 20, 2}, tells); });
      refused("page 4294967295",
              [&] { pool.write_pages(1, Numbers{0}, Numbers{0xFFFFFFFF}, tells); });
      refused("page 20", [&] { pool.read_pages(1, Numbers{20}, Numbers{0}, tells); });
      refused("page 10", [&] { pool.read_pages(1, Numbers{0}, Numbers{10}, tells); });
      refused("3 source pages and 2 target pages",
              [&] { pool.write_pages(1, Numbers{0, 1, 2}, Numbers{0, 1}, tells); });
      refused("counter 3", [&] { pool.write_pages(1, Numbers{0}, Numbers{0}, {.counter = 3}); });
      refused("counter -2", [&] { pool.write_pages(1, Numbers{0}, Numbers{0}, {.counter = -2}); });
      const auto layers = [&](int first, int count) {
        refused("layers", [&] {
          pool.write_pages(1, Numbers{0}, Numbers{0}, {.first_layer = first, .layers = count});
        });
      };
      layers(2, 0), layers(0, 3), layers(1, 2), layers(-1, 1), layers(0, -1), layers(2147483647, 1);
      refused("each_layer", [&] {
        pool.read_pages(1, Numbers{0}, Numbers{0}, {.counter = 1, .each_layer = true});
      });
      refused("rank 2 of 2", [&] { pool.write_pages(2, {}, {}); });
      refused("counter 3 of 3", [&] { pool.counter(3); });
      refused("page 10 of layer 0", [&] { pool.page(0, 10); });
      refused("layer 2", [&] { pool.page(2, 0); });
      refused("empty", [] { PagePool().layout(); });
      refused("empty", [] { PageTicket().wait(); });
    }
    comm.barrier();
    const auto* own = begin_of(pool);
    for (std::size_t i = 0; i < extent(pool.layout()); ++i)
      require(own[i] == (comm.rank() == 0 ? 1 : 9), "something was written");
    require(pool.counter(1) == 0, "a counter was raised");
    // Nothing to move is no mistake, and tells all the same.
    if (comm.rank() == 0) pool.write_pages(1, {}, {}, {.counter = 2, .each_layer = true}).wait();
    if (comm.rank() == 1) require(pool.wait_counter(2, 2) == 2, "not told");
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

// Layers 0 and 2 may not be touched at either rank: what lies before and after the pages of
// layer 1.
TEST(PagesErrors, NumbersOutOfRangeTouchNothingAroundThePages) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    const auto system = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    constexpr std::uint32_t kPages = 8;
    PagePool pool = comm.open_page_pool({.page_bytes = system, .pages = kPages, .layers = 3});
    std::memset(pool.page(1, 0), comm.rank() + 1, kPages * system);
    for (const int layer : {0, 2}) mprotect(pool.page(layer, 0), kPages * system, PROT_NONE);
    comm.barrier();
    const Numbers all = from_to(0, kPages);
    const PageOptions middle{.counter = 0, .first_layer = 1, .layers = 1};
    for (const std::uint32_t wrong : {kPages, 2 * kPages, 0x80000000U, 0xFFFFFFFFU}) {
      for (std::size_t place = 0; place < kPages; ++place) {
        Numbers some = all;
        some[place] = wrong;
        const auto refused = [&](const char* pages, const std::function<void()>& call) {
          expect_error(ErrorCode::invalid_argument, std::to_string(place) + " of the " + pages,
                       call);
        };
        const int other = 1 - comm.rank();
        refused("target pages", [&] { pool.write_pages(other, all, some, middle); });
        refused("source pages", [&] { pool.write_pages(other, some, all, middle); });
        refused("target pages", [&] { pool.read_pages(other, all, some, middle); });
        refused("source pages", [&] { pool.read_pages(other, some, all, middle); });
      }
    }
    comm.barrier();
    const auto* own = static_cast<const std::uint8_t*>(pool.page(1, 0));
    const auto holds = [&](int value) {
      return std::count(own, own + kPages * system, value) == std::int64_t(kPages * system);
    };
    require(holds(comm.rank() + 1) && pool.counter(0) == 0, "something was written");
    comm.barrier();
    if (comm.rank() == 0) {
      pool.write_pages(1, all, all, middle).wait();
    } else {
      pool.wait_counter(0, 1);
      require(holds(1), "not written");
    }
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(PagesErrors, PoolsThatDoNotFitAreRefused) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    const bool first = comm.rank() == 0;
    for (const PageLayout& wrong :
         {PageLayout{.page_bytes = 0, .pages = 5},
          PageLayout{.page_bytes = 8, .pages = 5, .stride = 7},
          PageLayout{.page_bytes = 8, .pages = 5, .layers = 0},
          PageLayout{.page_bytes = std::size_t{1} << 40, .pages = 1 << 30}}) {
      const PageLayout right{.page_bytes = 8, .pages = 5};
      expect_error(ErrorCode::invalid_argument, "open_page_pool: rank 0",
                   [&] { comm.open_page_pool(first ? wrong : right); });
    }
    PagePool sizes = comm.open_page_pool({.page_bytes = first ? 64U : 128U, .pages = 4});
    expect_error(ErrorCode::invalid_argument, "pages of",
                 [&] { sizes.write_pages(1 - comm.rank(), Numbers{0}, Numbers{0}); });
    PagePool layers = comm.open_page_pool({.page_bytes = 64, .pages = 4, .layers = first ? 2 : 3});
    expect_error(ErrorCode::invalid_argument, "layers",
                 [&] { layers.write_pages(1 - comm.rank(), Numbers{0}, Numbers{0}); });
    layers.write_pages(1 - comm.rank(), Numbers{0}, Numbers{0}, {.layers = 2}).wait();
    // A rank without pages may still be told something.
    PagePool none = comm.open_page_pool({.page_bytes = 64, .pages = first ? 0U : 4U});
    expect_error(ErrorCode::invalid_argument, "page 0",
                 [&] { none.write_pages(1 - comm.rank(), Numbers{0}, Numbers{0}); });
    none.write_pages(1 - comm.rank(), {}, {}, {.counter = 0}).wait();
    none.wait_counter(0, 1);
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(PagesErrors, WhatIsCancelledIsNotTold) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    constexpr std::uint32_t kPages = 2000;
    PagePool pool = comm.open_page_pool({.page_bytes = 8192, .pages = kPages});
    std::mt19937 random(1);
    const Numbers source = some_of(kPages, kPages, random);
    if (comm.rank() == 0) {
      std::memset(begin_of(pool), 1, extent(pool.layout()));
      PageTicket ticket = pool.write_pages(1, source, source, {.counter = 0});
      (void)ticket.done();
      const std::size_t gone = ticket.cancel();
      require(gone < kPages && ticket.cancelled(), "nothing was left to cancel");
      ticket.wait();
      require(ticket.done() && ticket.pages_gone() == gone && ticket.error() == ErrorCode::ok,
              "it went on");
      require(ticket.cancel() == gone, "cancelled twice");
      pool.write_pages(1, {}, {}, {.counter = 1}).wait();
      comm.send(&gone, sizeof(gone), 1);
      comm.barrier();
      // One that has ended stays as it is.
      PageTicket whole = pool.write_pages(1, Numbers{0}, Numbers{0}, {.counter = 2});
      whole.wait();
      require(whole.cancel() == 1 && !whole.cancelled(), "cancelled after its end");
    } else {
      pool.wait_counter(1, 1);
      std::size_t gone = 0, whole = 0, any = 0;
      comm.recv(&gone, sizeof(gone), 0);
      for (std::size_t i = 0; i < kPages; ++i) {
        const auto* page = static_cast<const std::uint8_t*>(pool.page(0, i));
        const auto ones = std::count(page, page + 8192, 1);
        whole += ones == 8192 ? 1 : 0;
        any += ones > 0 ? 1 : 0;
      }
      require(whole == gone && any == gone, "pages_gone is not what went");
      comm.barrier();
      pool.wait_counter(2, 1);
      require(pool.counter(0) == 0, "told of pages that did not come");
    }
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(PagesErrors, AWaitEndsAtItsDeadlineAndTheTransferGoesOn) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    constexpr std::uint32_t kPages = 4000;
    PagePool pool = comm.open_page_pool({.page_bytes = 16384, .pages = kPages});
    comm.barrier();
    if (comm.rank() == 0) {
      std::mt19937 random(2);
      const Numbers pages = some_of(kPages, kPages, random);
      PageTicket ticket = pool.write_pages(1, pages, pages, {.counter = 0});
      expect_error(ErrorCode::timeout, "pages have gone", [&] { ticket.wait(0ns); });
      require(!ticket.done() || ticket.error() == ErrorCode::ok, "an error");
      ticket.wait();
      require(ticket.pages_gone() == kPages, "not all");
    } else {
      expect_error(ErrorCode::timeout, "wait_at_least", [&] { pool.wait_counter(1, 1, 0, 5ms); });
      pool.wait_counter(0, 1);
    }
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(PagesErrors, ARankThatDiesEndsItsTransfersAndNoOthers) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    constexpr std::uint32_t kPages = 512;
    PagePool pool = comm.open_page_pool({.page_bytes = 65536, .pages = kPages});
    comm.barrier();
    const Numbers pages = from_to(0, kPages);
    if (comm.rank() == 1) {
      pool.wait_counter(0, 2);
      kill(getpid(), SIGKILL);
    }
    if (comm.rank() == 2) {
      pool.wait_counter(0, 1, 0);
      return;
    }
    PageTicket kept = pool.write_pages(1, pages, pages, {.counter = 1});
    expect_error(ErrorCode::peer_failed, "rank 1", [&] {
      for (;;) {
        PageTicket ticket = pool.write_pages(1, pages, pages, {.counter = 0});
        ticket.wait();
      }
    });
    try {
      kept.wait();
    } catch (const Error& error) {
      require(error.code() == ErrorCode::peer_failed, error.what());
    }
    expect_error(ErrorCode::peer_failed, "rank 1", [&] { pool.read_pages(1, pages, pages); });
    pool.write_pages(2, pages, pages, {.counter = 0}).wait();
  });
  EXPECT_EQ(status, 128 + SIGKILL) << "only the victim fails";
}

// Half of its pages have come, or less: no other byte has changed, and nobody is told.
TEST(PagesErrors, AWriterThatDiesLeavesTheOtherPagesAlone) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    constexpr std::uint32_t kPages = 1024;
    constexpr std::size_t kPageBytes = 65536;
    PagePool pool = comm.open_page_pool({.page_bytes = kPageBytes, .pages = kPages});
    std::memset(begin_of(pool), comm.rank() + 1, extent(pool.layout()));
    comm.barrier();
    if (comm.rank() == 1) {
      Numbers odd(kPages / 2);
      for (std::uint32_t i = 0; i < odd.size(); ++i) odd[i] = 2 * i + 1;
      PageTicket ticket = pool.write_pages(0, odd, odd, {.counter = 0});
      while (ticket.pages_gone() == 0) require(!ticket.done(), "all of them at once");
      kill(getpid(), SIGKILL);
    }
    expect_error(ErrorCode::peer_failed, "rank 1", [&] { pool.wait_counter(0, 1, 1); });
    require(pool.counter(0) == 0, "told of pages that did not come");
    for (std::uint32_t i = 0; i < kPages; ++i) {
      const auto* page = static_cast<const std::uint8_t*>(pool.page(0, i));
      const auto count = [&](int value) { return std::count(page, page + kPageBytes, value); };
      const std::int64_t expected = count(1) + (i % 2 == 1 ? count(2) : 0);
      require(expected == std::int64_t{kPageBytes}, "page " + std::to_string(i) + " has changed");
    }
    expect_error(ErrorCode::peer_failed, "rank 1",
                 [&] { pool.write_pages(1, Numbers{0}, Numbers{0}).wait(); });
  });
  EXPECT_EQ(status, 128 + SIGKILL) << "only the victim fails";
}

}  // namespace
}  // namespace weft::testing
