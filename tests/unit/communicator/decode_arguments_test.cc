#include "communicator/collectives/decode_arguments.h"

#include <gtest/gtest.h>
#include <weft/error.h>

#include <limits>
#include <vector>

namespace weft {
namespace {

template <class Call>
void expect_refused(const Call& call, const std::string& part) {
  try {
    check_arguments(call);
    ADD_FAILURE() << "accepted; \"" << part << "\" expected";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

class RmsNormArguments : public testing::Test {
 protected:
  std::vector<float> input_ = std::vector<float>(32), output_ = input_, residual_ = input_,
                     sum_ = input_, weight_ = std::vector<float>(8);
  RmsNormCall call_{input_.data(),
                    output_.data(),
                    4,
                    DataType::f32,
                    {residual_.data(), sum_.data(), weight_.data(), 8, 1e-6f}};
};

TEST_F(RmsNormArguments, MayBeSeparateOrInPlace) {
  EXPECT_NO_THROW(check_arguments(call_));
  call_.output = input_.data();
  call_.norm.residual_output = residual_.data();
  EXPECT_NO_THROW(check_arguments(call_));
}

TEST_F(RmsNormArguments, AreNotNullAndAligned) {
  const RmsNormCall good = call_;
  (call_ = good).input = nullptr;
  expect_refused(call_, "input is null");
  (call_ = good).output = nullptr;
  expect_refused(call_, "output is null");
  (call_ = good).norm.residual = nullptr;
  expect_refused(call_, "residual is null");
  (call_ = good).norm.residual_output = nullptr;
  expect_refused(call_, "residual_output is null");
  (call_ = good).norm.weight = nullptr;
  expect_refused(call_, "weight is null");
  (call_ = good).norm.weight = reinterpret_cast<const std::byte*>(weight_.data()) + 1;
  expect_refused(call_, "weight is not aligned");
}

TEST_F(RmsNormArguments, DoNotOverlapOtherwise) {
  const RmsNormCall good = call_;
  (call_ = good).output = input_.data() + 1;
  expect_refused(call_, "output overlaps input");
  (call_ = good).output = residual_.data();
  expect_refused(call_, "output overlaps residual");
  (call_ = good).output = sum_.data();
  expect_refused(call_, "output overlaps residual_output");
  (call_ = good).norm.residual_output = input_.data();
  expect_refused(call_, "residual_output overlaps input");
  (call_ = good).norm.weight = sum_.data();
  expect_refused(call_, "residual_output overlaps weight");
}

TEST_F(RmsNormArguments, AreOfASoundShapeAndType) {
  const RmsNormCall good = call_;
  (call_ = good).norm.hidden = 0;
  expect_refused(call_, "hidden is 0");
  (call_ = good).norm.hidden = std::numeric_limits<std::size_t>::max() / 2;
  expect_refused(call_, "overflow");
  (call_ = good).rows = std::numeric_limits<std::size_t>::max() / 2;
  expect_refused(call_, "overflow");
  (call_ = good).type = DataType::i32;
  expect_refused(call_, "i32");
  for (const float epsilon :
       {-1.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    (call_ = good).norm.epsilon = epsilon;
    expect_refused(call_, "epsilon");
  }
}

TEST_F(RmsNormArguments, OfNoRowsMayBeNull) {
  EXPECT_NO_THROW(check_arguments(RmsNormCall{nullptr, nullptr, 0, DataType::f32, {.hidden = 8}}));
}

TEST(QuantizedArguments, AreChecked) {
  std::vector<float> a(64), b(64);
  const QuantizedCall good{a.data(), b.data(), 64, DataType::f32, Quantization::int8};
  EXPECT_NO_THROW(check_arguments(good));
  QuantizedCall call = good;
  call.output = a.data();
  EXPECT_NO_THROW(check_arguments(call));
  call.output = a.data() + 8;
  expect_refused(call, "overlap");
  (call = good).input = nullptr;
  expect_refused(call, "input is null");
  (call = good).form = Quantization(7);
  expect_refused(call, "unknown form 7");
  (call = good).type = DataType::u8;
  expect_refused(call, "u8");
  (call = good).count = std::numeric_limits<std::size_t>::max();
  expect_refused(call, "overflow");
}

}  // namespace
}  // namespace weft
