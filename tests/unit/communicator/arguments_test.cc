#include "communicator/collectives/arguments.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/ranks.h"

namespace weft::testing {
namespace {

using executor::Call;

void refused(const Call& call, const void* input, const void* output, const std::string& part) {
  expect_error(ErrorCode::invalid_argument, part,
               [&] { check_arguments(call, 1, 4, input, output); });
}

TEST(Arguments, ThatCannotBeServedAreNamed) {
  std::vector<float> a(100), b(100);
  const Call call{.collective = Collective::all_reduce, .type = DataType::f32, .count = 10};
  check_arguments(call, 1, 4, a.data(), b.data());
  check_arguments(call, 1, 4, a.data(), a.data());
  refused(call, nullptr, b.data(), "all_reduce: input is null");
  refused(call, a.data(), nullptr, "output is null");
  refused(call, a.data(), a.data() + 5, "overlap");
  Call odd = call;
  odd.type = static_cast<DataType>(99);
  refused(odd, a.data(), b.data(), "unknown data type 99");
  odd = call;
  odd.op = static_cast<ReduceOp>(9);
  refused(odd, a.data(), b.data(), "unknown reduction operator 9");
  odd = call;
  odd.count = ~std::size_t{0} / 8;
  refused(odd, a.data(), b.data(), "overflow");
  odd = call;
  odd.collective = Collective::broadcast;
  odd.root = 4;
  refused(odd, a.data(), b.data(), "root 4 is not one of the ranks 0 to 3");
  odd.root = -1;
  refused(odd, a.data(), b.data(), "root -1");
}

TEST(Arguments, InPlaceMeansTheOwnBlockForScatterAndGather) {
  std::vector<float> a(100);
  Call call{.collective = Collective::reduce_scatter, .type = DataType::f32, .count = 10};
  check_arguments(call, 1, 4, a.data(), a.data() + 10);
  refused(call, a.data(), a.data() + 20, "output == input + rank * count");
  call.collective = Collective::all_gather;
  check_arguments(call, 1, 4, a.data() + 10, a.data());
  refused(call, a.data(), a.data(), "input == output + rank * count");
}

TEST(Arguments, OfRanksThatNeitherReadNorWriteMayBeNull) {
  std::vector<float> a(10);
  Call call{.collective = Collective::broadcast, .type = DataType::f32, .root = 0, .count = 10};
  check_arguments(call, 1, 4, nullptr, a.data());
  call.collective = Collective::reduce;
  check_arguments(call, 1, 4, a.data(), nullptr);
  call.count = 0;
  check_arguments(call, 1, 4, nullptr, nullptr);
}

}  // namespace
}  // namespace weft::testing
