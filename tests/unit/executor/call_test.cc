#include "executor/call.h"

#include <gtest/gtest.h>

#include <set>

namespace weft::executor {
namespace {

TEST(Call, SurvivesPacking) {
  const Call call{.collective = Collective::reduce,
                  .type = DataType::bf16,
                  .op = ReduceOp::max,
                  .root = 70000,
                  .count = 5,
                  .parts = 77};
  EXPECT_EQ(Call::unpack(call.packed(), call.count, call.parts), call);
}

TEST(Call, WithSomethingExtraSurvivesPackingAndHasASignatureOfItsOwn) {
  std::set<std::uint64_t> seen;
  for (const Extra extra : {Extra::none, Extra::rms_norm, Extra::int8, Extra::fp8_e4m3}) {
    const Call call{.collective = Collective::all_reduce, .count = 5, .extra = extra};
    EXPECT_EQ(Call::unpack(call.packed(), call.count, call.parts), call);
    seen.insert(call.signature());
  }
  EXPECT_EQ(seen.size(), 4U);
}

TEST(Call, SignaturesOfDifferentCallsDiffer) {
  std::set<std::uint64_t> seen;
  int calls = 0;
  for (int collective = 0; collective < kCollectives; ++collective) {
    for (std::size_t count : {1, 2, 3, 8, 1024}) {
      for (int root : {0, 1, 2}) {
        const Call call{
            .collective = static_cast<Collective>(collective), .root = root, .count = count};
        seen.insert(call.signature());
        ++calls;
      }
    }
  }
  EXPECT_EQ(static_cast<int>(seen.size()), calls);
}

TEST(Call, TablesOfPartsTellCallsApart) {
  const Call even{.collective = Collective::all_gather, .count = 12};
  Call first = even, second = even;
  first.parts = 0x1234567;
  second.parts = 0x7654321;
  EXPECT_NE(first, second);
  EXPECT_NE(first.signature(), even.signature());
  EXPECT_NE(first.signature(), second.signature());
  EXPECT_EQ(first.describe(), "all_gather u8, 12 elements in uneven parts (table 4567)");
}

TEST(Call, IsDescribedByWhatMatters) {
  EXPECT_EQ(
      (Call{.collective = Collective::all_reduce, .type = DataType::f32, .count = 3}.describe()),
      "all_reduce f32 sum, 3 elements");
  EXPECT_EQ((Call{.collective = Collective::all_reduce,
                  .type = DataType::f32,
                  .count = 3,
                  .extra = Extra::rms_norm}
                 .describe()),
            "all_reduce f32 sum with rms_norm, 3 rows");
  EXPECT_EQ((Call{.collective = Collective::broadcast, .type = DataType::i8, .root = 2, .count = 3}
                 .describe()),
            "broadcast i8, 3 elements, root 2");
  EXPECT_EQ(Call{}.describe(), "barrier");
}

}  // namespace
}  // namespace weft::executor
