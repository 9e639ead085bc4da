#include <weft/data_type.h>

#include <gtest/gtest.h>

#include <set>

namespace weft {
namespace {

TEST(DataTypeTraits, RowsStandInTheOrderOfTheEnumeration) {
  for (int type = 0; type < kDataTypes; ++type)
    EXPECT_EQ(traits_of(DataType(type))->type, DataType(type));
  for (int op = 0; op < kReduceOps; ++op) EXPECT_EQ(traits_of(ReduceOp(op))->op, ReduceOp(op));
  EXPECT_EQ(traits_of(DataType(kDataTypes)), nullptr);
  EXPECT_EQ(traits_of(ReduceOp(kReduceOps)), nullptr);
}

TEST(DataTypeTraits, NamesAreNotShared) {
  std::set<std::string_view> names;
  for (const DataTypeTraits& traits : kDataTypeTraits) {
    EXPECT_TRUE(names.insert(traits.name).second);
    EXPECT_TRUE(names.insert(traits.alias).second);
  }
}

TEST(DataTypeTraits, FloatingPointFormatsFillTheirBytes) {
  for (const DataTypeTraits& traits : kDataTypeTraits) {
    const int bits = static_cast<int>(8 * traits.bytes);
    const int used = traits.kind == NumberKind::floating
                         ? 1 + traits.exponent_bits + traits.fraction_bits
                         : bits;
    EXPECT_EQ(used, bits) << traits.name;
  }
}

TEST(DataTypeTraits, SumsAreTakenInATypeOfTheSameKindThatIsAtLeastAsWide) {
  for (const DataTypeTraits& traits : kDataTypeTraits) {
    const DataTypeTraits& sums = *traits_of(traits.sums);
    EXPECT_EQ(sums.kind, traits.kind) << traits.name;
    EXPECT_GE(sums.bytes, traits.bytes) << traits.name;
    EXPECT_EQ(sums.sums, sums.type) << traits.name;
  }
}

}  // namespace
}  // namespace weft
