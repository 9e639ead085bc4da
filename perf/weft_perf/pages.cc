#include "perf/weft_perf/pages.h"

#include "perf/common/columns.h"
#include "perf/common/names.h"
#include "perf/common/sizes.h"
#include "perf/common/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <random>
#include <stdexcept>

namespace weft::perf {
namespace {

constexpr std::size_t kPages = 4096;
constexpr std::size_t kSizes[] = {1 << 10, 4 << 10, 16 << 10, 64 << 10};
constexpr int kRounds = 15;  // where -n does not say

using Numbers = std::vector<std::uint32_t>;

double now_ns() {
  return std::chrono::duration<double, std::nano>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Numbers in_order() {
  Numbers pages(kPages);
  std::iota(pages.begin(), pages.end(), 0U);
  return pages;
}

Numbers shuffled(unsigned seed) {
  Numbers pages = in_order();
  std::shuffle(pages.begin(), pages.end(), std::minstd_rand(seed));
  return pages;
}

struct Order {
  const char* name;
  Numbers source, target;
  std::vector<double> post, whole;  // ns
};

// One size, in both orders, against one put. The receiver answers each, so that a time ends with
// its last byte there.
class PageRun {
 public:
  PageRun(Communicator& communicator, std::size_t page_bytes)
      : communicator_(communicator),
        bytes_(kPages * page_bytes),
        pool_(communicator.open_page_pool({.page_bytes = page_bytes, .pages = kPages})),
        window_(communicator.open_window(bytes_ + 128)),
        orders_{{"order", in_order(), in_order(), {}, {}},
                {"random", shuffled(1), shuffled(2), {}, {}}} {
    if (communicator.rank() == 0) {
      std::memset(window_.data(), 1, bytes_);
      for (std::uint32_t i = 0; i < kPages; ++i)
        std::memset(pool_.page(0, i), static_cast<int>(i % 251), page_bytes);
    }
  }

  void run(int rounds) {
    communicator_.barrier();
    for (int round = 0; round < rounds; ++round) {
      put();
      for (Order& order : orders_) write(order);
      if (round == 0) forget_warm_up();
    }
    communicator_.barrier();
  }

  // Of the pages written last, in random order.
  std::int64_t wrong() const {
    const Order& order = orders_[1];
    std::int64_t pages = 0;
    for (std::size_t i = 0; i < kPages; ++i) {
      const auto* page = static_cast<const std::uint8_t*>(pool_.page(0, order.target[i]));
      const auto right = [&](std::uint8_t byte) { return byte == order.source[i] % 251; };
      pages += std::all_of(page, page + pool_.layout().page_bytes, right) ? 0 : 1;
    }
    return pages;
  }

  std::string rows() const {
    const double one = median_of(put_);
    const auto bandwidth = [this](double ns) { return static_cast<double>(bytes_) / ns; };
    std::string text = fmt::format("{:>10} {:>7} {:>8} {:>10} {:>12.1f} {:>8.2f} {:>8.2f}\n",
                                   pool_.layout().page_bytes, kPages, "one put", "-", one / 1e3,
                                   bandwidth(one), 1.0);
    for (const Order& order : orders_) {
      const double whole = median_of(order.whole);
      text +=
          fmt::format("{:>10} {:>7} {:>8} {:>10.2f} {:>12.1f} {:>8.2f} {:>8.2f}\n",
                      pool_.layout().page_bytes, kPages, order.name, median_of(order.post) / kPages,
                      whole / 1e3, bandwidth(whole), one / whole);
    }
    return text;
  }

 private:
  void put() {
    ++puts_;
    if (communicator_.rank() == 0) {
      const double begin = now_ns();
      window_.put_signal(1, 0, window_.data(), bytes_, bytes_, puts_);
      await_answer();
      put_.push_back(now_ns() - begin);
      window_.flush();
    } else if (communicator_.rank() == 1) {
      window_.wait_at_least(bytes_, puts_, 0);
      answer();
    }
  }

  void write(Order& order) {
    ++writes_;
    if (communicator_.rank() == 0) {
      const double begin = now_ns();
      PageTicket ticket = pool_.write_pages(1, order.source, order.target, {.counter = 0});
      const double posted = now_ns();
      ticket.wait();
      await_answer();
      order.whole.push_back(now_ns() - begin);
      order.post.push_back(posted - begin);
    } else if (communicator_.rank() == 1) {
      pool_.wait_counter(0, writes_, 0);
      answer();
    }
  }

  void answer() { window_.signal(0, bytes_ + 64, ++answers_); }
  void await_answer() { window_.wait_at_least(bytes_ + 64, ++answers_, 1); }

  void forget_warm_up() {
    put_.clear();
    for (Order& order : orders_) {
      order.post.clear();
      order.whole.clear();
    }
  }

  Communicator& communicator_;
  const std::size_t bytes_;
  PagePool pool_;
  Window window_;
  std::vector<double> put_;
  Order orders_[2];
  std::uint64_t puts_ = 0, writes_ = 0, answers_ = 0;
};

int run_rank(const Arguments& arguments, Communicator& communicator) {
  if (communicator.size() < 2)
    throw std::invalid_argument("pages: two ranks or more, with --ranks");
  const int rounds =
      1 + (arguments.sweep.iterations > 0 ? static_cast<int>(arguments.sweep.iterations) : kRounds);
  if (communicator.rank() == 0) {
    fmt::print("# weft-perf pages (weft {}): {}; medians of {} rounds, GB = 1e9 B\n", WEFT_VERSION,
               communicator.routes(), rounds - 1);
    fmt::print("#{:>9} {:>7} {:>8} {:>10} {:>12} {:>8} {:>8}\n", "page B", "pages", "order",
               "post ns/pg", "time us", "GB/s", "of put");
  }
  std::int64_t wrong = 0;
  for (const std::size_t bytes : kSizes) {
    if (bytes < parse_size(arguments.sweep.min_bytes) ||
        bytes > parse_size(arguments.sweep.max_bytes))
      continue;
    PageRun run(communicator, bytes);
    run.run(rounds);
    if (communicator.rank() == 0) fmt::print("{}", run.rows());
    std::fflush(stdout);
    if (communicator.rank() == 1) wrong += run.wrong();
  }
  std::int64_t all = 0;
  communicator.all_reduce(&wrong, &all, 1, DataType::i64, ReduceOp::sum);
  if (communicator.rank() == 0) print_verdict(stdout, "Wrong pages", all);
  return all > 0 ? 1 : 0;
}

}  // namespace

int run_pages(const Arguments& arguments) {
  return with_communicator(
      arguments, [&](Communicator& communicator) { return run_rank(arguments, communicator); });
}

}  // namespace weft::perf
