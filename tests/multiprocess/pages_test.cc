// Page pools: pages written to and read from another rank's, and the counters that tell of them.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <random>
#include <vector>

#include "page_numbers.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::size_t offset_of(const PageLayout& layout, int layer, std::uint32_t page) {
  return static_cast<std::size_t>(layer) * layout.layer_stride + page * layout.stride;
}

// What a rank's pool holds in a round, pages and what lies between them.
Bytes content(const PageLayout& layout, int rank, std::uint32_t round) {
  std::minstd_rand random(round * 2 + static_cast<std::uint32_t>(rank) + 1);
  Bytes bytes(extent(layout));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 8);
  return bytes;
}

// Copies pages as a transfer does, in the plainest way.
void copy_pages(Bytes& to, const PageLayout& target, const Bytes& from, const PageLayout& source,
                const Numbers& source_pages, const Numbers& target_pages, int first, int count) {
  for (int layer = first; layer < first + count; ++layer) {
    for (std::size_t i = 0; i < source_pages.size(); ++i) {
      std::memcpy(to.data() + offset_of(target, layer, target_pages[i]),
                  from.data() + offset_of(source, layer, source_pages[i]), target.page_bytes);
    }
  }
}

void expect_content(const PagePool& pool, const Bytes& expected, const std::string& what) {
  const std::uint8_t* got = begin_of(pool);
  const auto [a, b] = std::mismatch(expected.begin(), expected.end(), got);
  require(a == expected.end(),
          what + ": byte " + std::to_string(a - expected.begin()) + " is wrong");
}

struct Layouts {
  PageLayout ranks[2];
};

const Layouts kLayouts[] = {
    {{{.page_bytes = 1000, .pages = 300}, {.page_bytes = 1000, .pages = 200}}},
    {{{.page_bytes = 4096, .pages = 64, .layers = 3},
      {.page_bytes = 4096, .pages = 80, .stride = 8192, .layers = 3}}},
    // Pages of layers: those of a page touch at one end, or at both.
    {{{.page_bytes = 96, .pages = 50, .stride = 4 * 96 + 32, .layers = 4, .layer_stride = 96},
      {.page_bytes = 96, .pages = 70, .stride = 128, .layers = 4, .layer_stride = 70 * 128 + 64}}},
    {{{.page_bytes = 512, .pages = 60, .stride = 1024, .layers = 2, .layer_stride = 512},
      {.page_bytes = 512, .pages = 60, .stride = 1536, .layers = 2, .layer_stride = 512}}},
    {{{.page_bytes = 300'001, .pages = 5}, {.page_bytes = 300'001, .pages = 7}}},
};

// Both ranks write to or read from each other's random pages, and compare all bytes.
void run_rounds(Communicator& comm, const Layouts& layouts) {
  const int self = comm.rank(), other = 1 - self;
  PagePool pool = comm.open_page_pool(layouts.ranks[self]);
  const PageLayout mine = pool.layout(), theirs = pool.layout(other);
  std::mt19937 random(11);  // the same at both ranks
  for (std::uint32_t round = 1; round <= 12; ++round) {
    const bool writes = round % 3 != 0;
    const std::size_t count = random() % std::min(mine.pages, theirs.pages) + 1;
    const int first = static_cast<int>(random() % static_cast<unsigned>(mine.layers));
    const int layers = 1 + static_cast<int>(random() % static_cast<unsigned>(mine.layers - first));
    Numbers pages[2][2];  // of the writer or reader: its own, the other's
    for (int rank = 0; rank < 2; ++rank) {
      for (int side = 0; side < 2; ++side) {
        const std::size_t of = pool.layout(side == 0 ? rank : 1 - rank).pages;
        pages[rank][side] = round % 2 == 0 ? some_of(of, count, random)
                                           : from_to(below(random, of - count + 1),
                                                     static_cast<std::uint32_t>(count));
      }
    }
    const Bytes before = content(mine, self, round);
    std::memcpy(begin_of(pool), before.data(), before.size());
    // One of the two at a time, so that nothing is read and written at once.
    for (int active = 0; active < 2; ++active) {
      comm.barrier();
      const PageOptions options{.counter = 5, .first_layer = first, .layers = layers};
      if (active == self) {
        PageTicket ticket = writes
                                ? pool.write_pages(other, pages[self][0], pages[self][1], options)
                                : pool.read_pages(other, pages[self][1], pages[self][0], options);
        ticket.wait();
        require(ticket.pages_gone() == count * static_cast<std::size_t>(layers), "pages_gone");
      } else {
        pool.wait_counter(5, round, other);
      }
    }
    comm.barrier();
    Bytes at[2] = {content(pool.layout(0), 0, round), content(pool.layout(1), 1, round)};
    for (int active = 0; active < 2; ++active) {
      const int to = writes ? 1 - active : active;
      const Numbers& source = pages[active][writes ? 0 : 1];
      const Numbers& target = pages[active][writes ? 1 : 0];
      copy_pages(at[to], pool.layout(to), at[1 - to], pool.layout(1 - to), source, target, first,
                 layers);
    }
    expect_content(pool, at[self], "round " + std::to_string(round));
  }
}

TEST(Pages, ArriveAsWrittenAndNothingElseChanges) {
  for (const Layouts& layouts : kLayouts) {
    const int status = run_processes(2, {}, [&](Communicator& comm) { run_rounds(comm, layouts); });
    EXPECT_EQ(status, 0);
  }
}

TEST(Pages, NothingOutsideOfThemIsTouched) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    const auto system = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    constexpr std::size_t kPages = 40;
    PagePool pool = comm.open_page_pool(
        {.page_bytes = system, .pages = kPages, .stride = 2 * system, .layers = 2});
    for (int layer = 0; layer < 2; ++layer) {
      for (std::size_t i = 0; i < kPages; ++i) {
        auto* page = static_cast<std::uint8_t*>(pool.page(layer, i));
        std::memset(page, comm.rank() + 1, system);
        if (i + 1 < kPages) mprotect(page + system, system, PROT_NONE);
      }
    }
    comm.barrier();
    if (comm.rank() == 0) {
      std::mt19937 random(3);
      const Numbers source = some_of(kPages, kPages, random);
      pool.write_pages(1, source, some_of(kPages, kPages, random), {.counter = 0}).wait();
      pool.wait_counter(0, 1);
    } else {
      pool.wait_counter(0, 1);
      for (std::size_t i = 0; i < kPages; ++i)
        require(*static_cast<std::uint8_t*>(pool.page(1, i)) == 1, "not written");
      pool.read_pages(0, from_to(0, kPages), from_to(0, kPages), {.counter = 0}).wait();
    }
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(Pages, OfALayerAreThereOnceItsCountIs) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    constexpr int kLayers = 8;
    constexpr std::size_t kPages = 64;
    PagePool pool = comm.open_page_pool(
        {.page_bytes = 16384, .pages = kPages, .stride = 20480, .layers = kLayers});
    std::mt19937 random(5);
    const Numbers source = some_of(kPages, kPages, random),
                  target = some_of(kPages, kPages, random);
    const auto fill = [&](int layer, int value) {
      for (std::size_t i = 0; i < kPages; ++i)
        std::memset(pool.page(layer, i), layer * 10 + value, 16384);
    };
    const auto check = [&](int layer, int value) {
      for (std::size_t i = 0; i < kPages; ++i) {
        const auto* page = static_cast<const std::uint8_t*>(pool.page(layer, i));
        require(page[0] == layer * 10 + value && page[16383] == layer * 10 + value,
                "not there yet");
      }
    };
    for (int layer = 0; comm.rank() == 0 && layer < kLayers; ++layer) fill(layer, 1);
    comm.barrier();
    // One request, whose receiver starts with the first layer.
    if (comm.rank() == 0) {
      PageTicket ticket = pool.write_pages(1, source, target, {.counter = 0, .each_layer = true});
      ticket.wait();
    }
    for (int layer = 0; comm.rank() == 1 && layer < kLayers; ++layer) {
      pool.wait_counter(0, static_cast<std::uint64_t>(layer) + 1, 0);
      check(layer, 1);
    }
    comm.barrier();
    // A request for each layer as soon as it is computed; the receiver's answer orders them.
    std::deque<PageTicket> tickets;
    for (int layer = 0; layer < kLayers; ++layer) {
      if (comm.rank() == 0) {
        fill(layer, 2);
        tickets.push_back(
            pool.write_pages(1, source, target, {.counter = 1, .first_layer = layer, .layers = 1}));
      } else {
        pool.wait_counter(1, static_cast<std::uint64_t>(layer) + 1, 0);
        check(layer, 2);
      }
    }
    for (PageTicket& ticket : tickets) ticket.wait();
    comm.barrier();
    if (comm.rank() == 1)
      require(pool.counter(0) == kLayers && pool.counter(1) == kLayers, "counts");
  });
  EXPECT_EQ(status, 0);
}

TEST(Pages, SeveralRanksAndTicketsAtOnceCountEachOfTheirs) {
  constexpr int kRanks = 3;
  const int status = run_processes(kRanks, {}, [](Communicator& comm) {
    constexpr std::uint32_t kEach = 100;
    constexpr int kTickets = 40;
    PagePool pool = comm.open_page_pool({.page_bytes = 2048, .pages = kEach * kRanks});
    const auto mine = from_to(static_cast<std::uint32_t>(comm.rank()) * kEach, kEach);
    for (const std::uint32_t page : mine) std::memset(pool.page(0, page), comm.rank() + 1, 2048);
    comm.barrier();
    std::deque<PageTicket> tickets;
    for (int i = 0; i < kTickets; ++i) {
      for (int peer = 0; peer < kRanks; ++peer) {
        if (peer == comm.rank()) continue;
        PageTicket ticket = pool.write_pages(peer, mine, mine, {.counter = 7});
        if (i % 2 == 0) tickets.push_back(std::move(ticket));  // others go on without
      }
    }
    pool.wait_counter(7, kTickets * (kRanks - 1));
    for (int rank = 0; rank < kRanks; ++rank) {
      for (std::uint32_t i = 0; i < kEach; ++i) {
        const auto page = static_cast<std::uint32_t>(rank) * kEach + i;
        require(*static_cast<std::uint8_t*>(pool.page(0, page)) == rank + 1, "wrong page");
      }
    }
    while (!std::ranges::all_of(tickets, [](PageTicket& ticket) { return ticket.done(); })) {
    }
    comm.barrier();
    require(pool.counter(7) == kTickets * (kRanks - 1), "told too often");
    pool.reset_counter(7);
    require(pool.counter(7) == 0, "not reset");
    // To itself.
    pool.write_pages(comm.rank(), Numbers{mine[0]}, Numbers{mine[1]}, {.counter = 2}).wait();
    require(pool.wait_counter(2, 1) == 1, "its own");
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
