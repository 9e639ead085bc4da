#include <weft/collective.h>
#include <weft/decode.h>
#include <weft/types.h>

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace weft {
namespace {

TEST(Types, sizes_are_those_of_the_elements) {
  const std::pair<DataType, std::size_t> sizes[] = {
      {DataType::f32, 4}, {DataType::f64, 8}, {DataType::f16, 2}, {DataType::bf16, 2},
      {DataType::i8, 1},  {DataType::u8, 1},  {DataType::i32, 4}, {DataType::u32, 4},
      {DataType::i64, 8}, {DataType::u64, 8}};
  EXPECT_EQ(std::size(sizes), static_cast<std::size_t>(kDataTypes));
  for (const auto& [type, bytes] : sizes) EXPECT_EQ(size_of(type), bytes) << name_of(type);
  EXPECT_EQ(size_of(static_cast<DataType>(kDataTypes)), 0u);
}

// The names of enumerators 0 to count - 1 are all there and all different, and the next is none.
template <typename Enum>
void expect_names(int count) {
  std::set<std::string_view> names;
  for (int value = 0; value < count; ++value) names.insert(name_of(static_cast<Enum>(value)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(count));
  EXPECT_FALSE(names.contains("?"));
  EXPECT_FALSE(names.contains(""));
  EXPECT_EQ(name_of(static_cast<Enum>(count)), "?");
}

TEST(Types, every_enumerator_has_a_name) {
  expect_names<DataType>(kDataTypes);
  expect_names<ReduceOp>(kReduceOps);
  expect_names<Collective>(kCollectives);
  expect_names<Quantization>(2);
}

TEST(Types, names_are_those_in_the_header) {
  EXPECT_EQ(name_of(DataType::bf16), "bf16");
  EXPECT_EQ(name_of(DataType::u64), "u64");
  EXPECT_EQ(name_of(ReduceOp::avg), "avg");
  EXPECT_EQ(name_of(Collective::reduce_scatter), "reduce_scatter");
  EXPECT_EQ(name_of(Collective::barrier), "barrier");
  EXPECT_EQ(name_of(Quantization::fp8_e4m3), "fp8_e4m3");
}

}  // namespace
}  // namespace weft
