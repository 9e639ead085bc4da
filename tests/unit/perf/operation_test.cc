#include "perf/common/operation.h"

#include "perf/common/names.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace weft::perf {
namespace {

TEST(Operation, SizeIsTheLargerBufferAndCountIsTheCalls) {
  // As nccl-tests: 1 MiB of all_gather over 4 ranks is a count of 64 Ki floats per rank.
  EXPECT_EQ(count_for(Collective::all_reduce, DataType::f32, 1 << 20, 4), 262144u);
  EXPECT_EQ(count_for(Collective::all_gather, DataType::f32, 1 << 20, 4), 65536u);
  EXPECT_EQ(count_for(Collective::reduce_scatter, DataType::f64, 1 << 20, 4), 32768u);
  EXPECT_EQ(count_for(Collective::barrier, DataType::f32, 1 << 20, 4), 0u);
}

TEST(Operation, EverySizeMovesAtLeastOneElement) {
  EXPECT_EQ(count_for(Collective::all_reduce, DataType::f64, 1, 2), 1u);
  EXPECT_EQ(count_for(Collective::reduce_scatter, DataType::f32, 8, 64), 1u);
}

TEST(Operation, TheSizeColumnIsWhatIsReallyMoved) {
  Operation operation{.collective = Collective::all_gather, .type = DataType::f32, .count = 1};
  EXPECT_EQ(size_column(operation, 64), 256u);
  operation.collective = Collective::reduce_scatter;
  EXPECT_EQ(size_column(operation, 3), 12u);
  operation.collective = Collective::broadcast;
  EXPECT_EQ(size_column(operation, 3), 4u);
}

TEST(Operation, BusFactorsAreThoseOfNcclTests) {
  EXPECT_DOUBLE_EQ(bus_factor(Collective::all_reduce, 2), 1);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::all_reduce, 8), 1.75);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::reduce_scatter, 4), 0.75);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::all_gather, 4), 0.75);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::broadcast, 4), 1);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::reduce, 4), 1);
}

TEST(Operation, ABillionBytesInASecondIsOneGigabytePerSecond) {
  EXPECT_DOUBLE_EQ(bandwidth(1000000000, 1e6), 1);
  EXPECT_EQ(bandwidth(8, 0), 0);
}

TEST(Names, WeftsAndNcclTestsNamesAreBothRead) {
  EXPECT_EQ(parse_type("bf16"), DataType::bf16);
  EXPECT_EQ(parse_type("float"), DataType::f32);
  EXPECT_EQ(parse_op("max"), ReduceOp::max);
  EXPECT_EQ(parse_collective("allreduce"), Collective::all_reduce);
  EXPECT_EQ(parse_types("all").size(), static_cast<std::size_t>(kDataTypes));
  EXPECT_EQ(parse_ops("sum"), std::vector<ReduceOp>{ReduceOp::sum});
}

TEST(Names, EveryNameReadsBack) {
  for (const DataType type : parse_types("all")) EXPECT_EQ(parse_type(text_of(type)), type);
  for (const ReduceOp op : parse_ops("all")) EXPECT_EQ(parse_op(text_of(op)), op);
}

TEST(Names, AnUnknownCollectiveIsAnsweredWithTheKnownOnes) {
  try {
    parse_collective("all_redcue");
    FAIL() << "no exception";
  } catch (const std::invalid_argument& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("all_redcue"), std::string::npos);
    for (const char* name :
         {"all_reduce", "reduce_scatter", "all_gather", "broadcast", "reduce", "barrier"}) {
      EXPECT_NE(text.find(name), std::string::npos) << name;
    }
  }
}

}  // namespace
}  // namespace weft::perf
