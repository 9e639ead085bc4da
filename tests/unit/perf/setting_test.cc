#include "perf/common/setting.h"

#include "perf/common/ticks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weft::perf {
namespace {

// Rank 0 of two; the other one's times are 1000 ticks more than its own. Writes down what is
// called, and what the input's first byte was then.
class Recorder : public Candidate {
 public:
  std::string name() const override { return "recorder"; }
  int rank() const override { return 0; }
  int size() const override { return 2; }
  bool supports(const Operation&) const override { return true; }
  void prepare(const Operation& operation) override { operation_ = operation; }
  void run() override {
    deeds += 'c';
    inputs.push_back(*static_cast<const unsigned char*>(operation_.input));
  }
  void barrier() override { deeds += 'b'; }
  std::int64_t sum_over_ranks(std::int64_t value) override {
    deeds += 's';
    last_ = value != 0 ? value : last_ + 1000;
    return last_;
  }

  std::string deeds;
  std::vector<unsigned char> inputs;

 private:
  Operation operation_;
  std::int64_t last_ = 0;
};

class SettingTest : public testing::Test {
 protected:
  Timing measure(const Setting& setting) {
    recorder_.prepare(operation_);
    return measure_apart(recorder_, operation_, sizeof(input_), {.iterations = 30, .warmup = 2},
                         setting);
  }
  bool has(const std::string& deeds) const {
    return recorder_.deeds.find(deeds) != std::string::npos;
  }

  float input_[4] = {}, output_[4] = {};
  const Operation operation_{.count = 4, .in_place = false, .input = input_, .output = output_};
  Recorder recorder_;
};

TEST_F(SettingTest, EachCallIsAfterWhatTheSettingSays) {
  measure({.sync = true});
  EXPECT_TRUE(has("bcbcbc"));
  recorder_.deeds.clear();
  measure({.mixed = true});
  EXPECT_TRUE(has("scscsc"));
  recorder_.deeds.clear();
  measure({.mixed = true, .sync = true});
  EXPECT_TRUE(has("sbcsbcsbc"));
}

TEST_F(SettingTest, FreshInputsAreOthersThanTheOnesBefore) {
  measure({.fresh = true});
  ASSERT_GT(recorder_.inputs.size(), 30U);
  for (std::size_t i = 1; i < recorder_.inputs.size(); ++i)
    EXPECT_NE(recorder_.inputs[i], recorder_.inputs[i - 1]);
}

TEST_F(SettingTest, TheLongestOfTheRanksCounts) {
  const Timing timing = measure({.sync = true});
  EXPECT_EQ(timing.singles.size(), 30U);
  EXPECT_GE(timing.microseconds.min, 1000 * seconds_per_tick() * 1e6);
}

TEST(Setting, IsNamedByWhatIsThere) {
  EXPECT_EQ(text_of(Setting()), "loop");
  EXPECT_EQ(text_of({.fresh = true, .sync = true}), "fresh,sync");
}

}  // namespace
}  // namespace weft::perf
