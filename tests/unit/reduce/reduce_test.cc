#include "reduce/reduce.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <climits>
#include <string>

#include "harness.h"
#include "targets.h"

namespace weft::test {
namespace {

using reduce::Store;

class KernelTest : public testing::TestWithParam<std::int64_t> {
 private:
  TargetScope scope_{GetParam()};
};

std::string target_label(const testing::TestParamInfo<std::int64_t>& info) {
  return hwy::TargetName(info.param);
}
INSTANTIATE_TEST_SUITE_P(EveryTarget, KernelTest, testing::ValuesIn(usable_targets()),
                         target_label);

template <class Visit>
void for_all_kernels(Visit visit) {
  for (int type = 0; type < kDataTypes; ++type) {
    for (int op = 0; op < kReduceOps; ++op) visit(DataType(type), ReduceOp(op));
  }
}

TEST_P(KernelTest, ReducesAnyNumberOfSourcesToAnyNumberOfDestinations) {
  for_all_kernels([](DataType type, ReduceOp op) {
    for (int srcs = 1; srcs <= 8; ++srcs) {
      for (int dsts = 1; dsts <= 8; ++dsts) {
        const auto seed = static_cast<std::uint64_t>(srcs * 8 + dsts);
        Case c{
            .type = type, .op = op, .srcs = srcs, .dsts = dsts, .count = 300 + seed, .seed = seed};
        c.divisor = op == ReduceOp::avg ? srcs : 1;
        c.placement = Placement(seed % kPlacements);
        c.store = seed % 3 == 0 ? Store::streaming : Store::cached;
        ASSERT_TRUE(gives_the_expected(c));
      }
    }
  });
}

TEST_P(KernelTest, CoversEveryCountAndPlacement) {
  for_all_kernels([](DataType type, ReduceOp op) {
    for (std::size_t count = 0; count < 150; ++count) {
      Case c{.type = type, .op = op, .count = count, .seed = count};
      c.placement = Placement(count % kPlacements);
      c.divisor = op == ReduceOp::avg ? 2 : 1;
      ASSERT_TRUE(gives_the_expected(c));
    }
  });
}

TEST_P(KernelTest, StreamsLongRanges) {
  for_all_kernels([](DataType type, ReduceOp op) {
    for (int placement = 0; placement < kPlacements; ++placement) {
      for (const int dsts : {1, 2, 3}) {
        Case c{.type = type, .op = op, .dsts = dsts, .count = 3000, .seed = 17};
        c.placement = Placement(placement);
        c.divisor = op == ReduceOp::avg ? 5 : 1;
        c.store = Store::streaming;
        ASSERT_TRUE(gives_the_expected(c));
      }
    }
  });
}

TEST_P(KernelTest, ReducesInPlace) {
  for_all_kernels([](DataType type, ReduceOp op) {
    for (const int srcs : {1, 2, 3, 8}) {
      for (const auto store : {Store::cached, Store::streaming}) {
        for (const std::size_t count : {3, 33, 1999}) {
          Case c{.type = type,
                 .op = op,
                 .srcs = srcs,
                 .dsts = 3,
                 .count = count,
                 .store = store,
                 .seed = count};
          c.in_place = std::min(srcs, 2);
          c.placement = Placement(count % kPlacements);
          ASSERT_TRUE(gives_the_expected(c));
        }
      }
    }
  });
}

TEST_P(KernelTest, DividesBySmallAndHugeDivisors) {
  for (int type = 0; type < kDataTypes; ++type) {
    for (const int srcs : {1, 2, 5}) {
      for (const int divisor : {2, 3, 7, 127, 128, 255, 256, 65537, 16777217, INT_MAX}) {
        const Case c{.type = DataType(type),
                     .op = ReduceOp::avg,
                     .srcs = srcs,
                     .count = 400,
                     .divisor = divisor};
        ASSERT_TRUE(gives_the_expected(c));
      }
    }
  }
}

// A page between two that fault when touched.
class LonePage {
 public:
  LonePage()
      : memory_(static_cast<std::byte*>(
            mmap(nullptr, 3 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    EXPECT_EQ(mprotect(memory_ + kPage, kPage, PROT_READ | PROT_WRITE), 0);
  }
  ~LonePage() { munmap(memory_, 3 * kPage); }
  LonePage(const LonePage&) = delete;
  LonePage& operator=(const LonePage&) = delete;
  std::byte* first() { return memory_ + kPage; }
  std::byte* last(std::size_t bytes) { return memory_ + 2 * kPage - bytes; }

 private:
  static constexpr std::size_t kPage = 4096;
  std::byte* memory_;
};

TEST_P(KernelTest, TouchesNothingBesideItsOperands) {
  LonePage a, b, to;
  for_all_kernels([&](DataType type, ReduceOp op) {
    for (std::size_t count = 1; count <= 100; ++count) {
      const std::size_t bytes = count * size_of(type);
      void* const low = to.first();
      void* const high = to.last(bytes);
      const void* const low_srcs[] = {a.first(), b.first()};
      const void* const high_srcs[] = {a.last(bytes), b.last(bytes)};
      reduce::kernel(type, op)(&low, 1, low_srcs, 2, count, 1, Store::cached);
      reduce::kernel(type, op)(&high, 1, high_srcs, 2, count, 1, Store::cached);
    }
  });
}

// Whole ranges of 16-bit patterns against each other: every pattern occurs, beside many others.
TEST_P(KernelTest, RoundsHalvesLikeExactArithmetic) {
  for (const auto type : {DataType::f16, DataType::bf16}) {
    for (const auto op : {ReduceOp::sum, ReduceOp::prod, ReduceOp::min, ReduceOp::max}) {
      std::vector<Bytes> inputs(2);
      for (unsigned i = 0; i < 1U << 16; ++i) {
        for (std::size_t s = 0; s < 2; ++s) {
          const auto bits = static_cast<std::uint16_t>(s == 0 ? i : i * 40503 + 77);
          const auto* raw = reinterpret_cast<const std::byte*>(&bits);
          inputs[s].insert(inputs[s].end(), raw, raw + sizeof(bits));
        }
      }
      Bytes result(inputs[0].size());
      void* const dst = result.data();
      const void* const srcs[] = {inputs[0].data(), inputs[1].data()};
      reduce::kernel(type, op)(&dst, 1, srcs, 2, 1 << 16, 1, Store::cached);
      EXPECT_EQ(result, expected(type, op, inputs, 1)) << name_of(type) << ' ' << name_of(op);
    }
  }
}

TEST_P(KernelTest, NamesTheTarget) {
  EXPECT_STREQ(reduce::target_name(), hwy::TargetName(GetParam()));
}

TEST(Kernel, ExistsForEveryTypeAndOperator) {
  for_all_kernels([](DataType type, ReduceOp op) {
    EXPECT_NE(reduce::kernel(type, op), nullptr) << name_of(type) << ' ' << name_of(op);
  });
}

TEST(Kernel, OfAverageIsTheSums) {
  for (int type = 0; type < kDataTypes; ++type) {
    EXPECT_EQ(reduce::kernel(DataType(type), ReduceOp::avg),
              reduce::kernel(DataType(type), ReduceOp::sum));
  }
}

TEST(Kernel, OfTheBestTargetIsChosenByItself) {
  EXPECT_STREQ(reduce::target_name(), hwy::TargetName(usable_targets().front()));
}

}  // namespace
}  // namespace weft::test
