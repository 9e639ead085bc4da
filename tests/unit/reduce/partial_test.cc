// Sums that take several steps give the bits of those that take one.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "harness.h"
#include "targets.h"

namespace weft::test {
namespace {

constexpr DataType kHalves[] = {DataType::f16, DataType::bf16};
constexpr ReduceOp kRounding[] = {ReduceOp::sum, ReduceOp::avg, ReduceOp::prod};

class PartialTest : public testing::TestWithParam<std::int64_t> {
 private:
  TargetScope scope_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Targets, PartialTest, testing::ValuesIn(usable_targets()),
                         [](const auto& target) {
                           return std::string(hwy::TargetName(target.param));
                         });

// A reduction whose sources are added up `at_once` in each step, by way of partial sums.
struct Chain {
  DataType type;
  ReduceOp op;
  std::size_t count;
  std::size_t shift;  // of every operand from a boundary, in elements
  int divisor;

  std::vector<Buffer> filled(const std::vector<Bytes>& inputs) const {
    std::vector<Buffer> buffers;
    for (const Bytes& input : inputs) {
      buffers.emplace_back(input.size(), shift * size_of(type));
      buffers.back().fill(input);
    }
    return buffers;
  }

  Bytes run(const std::vector<Bytes>& inputs, std::size_t at_once) const {
    const auto kernel = reduce::partial_kernel(type, op);
    std::vector<Buffer> sources = filled(inputs);
    const std::size_t wide_bytes = count * size_of(type) << reduce::partial_shift(type, op);
    Buffer sum(wide_bytes, shift * sizeof(float));
    Buffer copy(wide_bytes, 0);
    Buffer result(count * size_of(type), shift * size_of(type));
    void* const wide[] = {sum.data(), copy.data()};
    void* const element = result.data();
    for (std::size_t first = 0; first < sources.size(); first += at_once) {
      std::vector<const void*> srcs;
      // Not always the first operand.
      const bool reads_sum = first > 0;
      if (reads_sum) srcs.push_back(sum.data());
      for (std::size_t s = first; s < std::min(first + at_once, sources.size()); ++s)
        srcs.push_back(sources[s].data());
      const bool last = first + at_once >= sources.size();
      const auto src_count = static_cast<int>(srcs.size());
      if (last) {
        kernel(&element, 1, srcs.data(), src_count, count, divisor, {reads_sum ? 1u : 0u, false});
      } else {
        kernel(wide, 2, srcs.data(), src_count, count, 1, {reads_sum ? 1u : 0u, true});
      }
    }
    EXPECT_EQ(sum.contents(), copy.contents());
    EXPECT_TRUE(sum.guards_intact() && copy.guards_intact() && result.guards_intact());
    return result.contents();
  }
};

TEST_P(PartialTest, SeveralStepsGiveTheBitsOfOne) {
  for (const DataType type : kHalves) {
    for (const ReduceOp op : kRounding) {
      for (const std::size_t count : {0, 1, 5, 16, 33, 64, 100, 257}) {
        for (const std::size_t sources : {2, 3, 7, 16}) {
          std::vector<Bytes> inputs;
          for (std::size_t s = 0; s < sources; ++s)
            inputs.push_back(awkward_values(type, count, count * 100 + s));
          const int divisor = op == ReduceOp::avg ? static_cast<int>(sources) : 1;
          const Chain chain{type, op, count, count % 7, divisor};
          const Bytes wanted = expected(type, op, inputs, divisor);
          for (const std::size_t at_once : {1, 2, 3, 8})
            EXPECT_EQ(chain.run(inputs, at_once), wanted)
                << name_of(type) << ' ' << name_of(op) << ", " << count << " from " << sources
                << ", " << at_once << " at once";
        }
      }
    }
  }
}

TEST_P(PartialTest, APartialSumMayComeAnywhereAmongTheSources) {
  constexpr std::size_t kCount = 75;
  for (const DataType type : kHalves) {
    const auto kernel = reduce::partial_kernel(type, ReduceOp::sum);
    std::vector<Bytes> inputs;
    for (std::uint64_t s = 0; s < 3; ++s) inputs.push_back(awkward_values(type, kCount, s));
    for (std::size_t wide = 0; wide < 3; ++wide) {
      std::vector<float> widened(kCount);
      void* const to = widened.data();
      const void* const from = inputs[wide].data();
      kernel(&to, 1, &from, 1, kCount, 1, {0, true});
      const void* srcs[] = {inputs[0].data(), inputs[1].data(), inputs[2].data()};
      srcs[wide] = widened.data();
      Bytes result(kCount * size_of(type));
      void* const dst = result.data();
      kernel(&dst, 1, srcs, 3, kCount, 1, {1u << wide, false});
      EXPECT_EQ(result, expected(type, ReduceOp::sum, inputs, 1));
    }
  }
}

TEST_P(PartialTest, AResultMayBeginWhereItsPartialSumDoes) {
  constexpr std::size_t kCount = 531;
  for (const DataType type : kHalves) {
    const auto kernel = reduce::partial_kernel(type, ReduceOp::sum);
    const std::vector<Bytes> inputs = {awkward_values(type, kCount, 1),
                                       awkward_values(type, kCount, 2)};
    std::vector<float> sum(kCount);
    void* const place = sum.data();
    const void* const first = inputs[0].data();
    kernel(&place, 1, &first, 1, kCount, 1, {0, true});
    const void* const srcs[] = {sum.data(), inputs[1].data()};
    kernel(&place, 1, srcs, 2, kCount, 1, {1, false});
    const Bytes wanted = expected(type, ReduceOp::sum, inputs, 1);
    EXPECT_EQ(std::memcmp(sum.data(), wanted.data(), wanted.size()), 0);
  }
}

// Of every 16-bit pattern, in one step and in two.
TEST_P(PartialTest, TheAverageOfEqualValuesIsThatValue) {
  constexpr std::size_t kCount = 1 << 16;
  for (const DataType type : kHalves) {
    Bytes every(kCount * 2);
    for (std::size_t i = 0; i < kCount; ++i) {
      const auto bits = static_cast<std::uint16_t>(i);
      std::memcpy(every.data() + 2 * i, &bits, 2);
    }
    for (const std::size_t ranks : {2, 3, 5, 6, 7, 8, 11, 16, 100}) {
      const std::vector<Bytes> inputs(ranks, every);
      const Bytes result =
          Chain{type, ReduceOp::avg, kCount, 0, static_cast<int>(ranks)}.run(inputs, 3);
      with_type(type, [&](auto zero) {
        using T = decltype(zero);
        if constexpr (kIsHalf<T>) {
          for (std::size_t i = 0; i < kCount; ++i) {
            T found, put{static_cast<std::uint16_t>(i)};
            std::memcpy(&found, result.data() + 2 * i, 2);
            if (std::isnan(put.value()) ? !std::isnan(found.value()) : found.bits != put.bits) {
              ADD_FAILURE() << name_of(type) << ' ' << put.value() << " of " << ranks << " becomes "
                            << found.value();
              break;
            }
          }
        }
      });
    }
  }
}

TEST_P(PartialTest, SumsThatCancelDoNotOverflowOnTheWay) {
  for (const DataType type : kHalves) {
    with_type(type, [&](auto zero) {
      using T = decltype(zero);
      if constexpr (kIsHalf<T>) {
        const std::uint16_t infinity = T::nearest(std::numeric_limits<double>::infinity()).bits;
        const T largest{static_cast<std::uint16_t>(infinity - 1)};
        const T least{static_cast<std::uint16_t>(largest.bits | 0x8000)};
        std::vector<Bytes> inputs;
        for (int s = 0; s < 200; ++s) {
          const T value = s < 100 ? largest : least;
          inputs.emplace_back(2);
          std::memcpy(inputs.back().data(), &value, 2);
        }
        for (const std::size_t at_once : {8, 2, 200}) {
          const Bytes result = Chain{type, ReduceOp::sum, 1, 0, 1}.run(inputs, at_once);
          EXPECT_EQ(result, Bytes(2)) << name_of(type);
        }
      }
    });
  }
}

TEST(PartialKernel, IsThereWhereSumsAreRounded) {
  for (int type = 0; type < kDataTypes; ++type) {
    for (int op = 0; op < kReduceOps; ++op) {
      const bool rounds = std::ranges::find(kHalves, DataType(type)) != std::end(kHalves) &&
                          std::ranges::find(kRounding, ReduceOp(op)) != std::end(kRounding);
      EXPECT_EQ(reduce::partial_kernel(DataType(type), ReduceOp(op)) != nullptr, rounds);
      EXPECT_EQ(reduce::partial_shift(DataType(type), ReduceOp(op)), rounds ? 1U : 0U);
    }
  }
}

}  // namespace
}  // namespace weft::test
