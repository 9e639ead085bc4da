#include "tuner/tuning.h"

#include <gtest/gtest.h>
#include <weft/error.h>

#include <string>

namespace weft::tuner {
namespace {

Tuning sample() {
  Tuning tuning;
  tuning.version = "1.2.3";
  tuning.machine = "a \"machine\"";
  tuning.poll_pauses = 3;
  Measured& measured = tuning.measured["8 ranks"];
  measured.links["network"] = {.latency_ns = 1500, .send_ns = 100, .ns_per_byte = 0.125};
  measured.links["host"] = {.load_store = true, .latency_ns = 60};
  measured.switch_ns = 1200.5;
  measured.choices = {{.collective = Collective::broadcast,
                       .direct = true,
                       .bytes = 1024,
                       .algorithm = "binomial_tree",
                       .protocol = Protocol::packet,
                       .lanes = 2,
                       .us = 3.5}};
  return tuning;
}

TEST(Tuning, ComesBackFromItsText) {
  const Tuning tuning = parse_tuning(to_text(sample()));
  EXPECT_EQ(tuning.version, "1.2.3");
  EXPECT_EQ(tuning.machine, "a \"machine\"");
  EXPECT_EQ(tuning.poll_pauses, 3U);
  ASSERT_NE(tuning.find("8 ranks"), nullptr);
  EXPECT_EQ(tuning.find("9 ranks"), nullptr);
  const Measured& measured = *tuning.find("8 ranks");
  EXPECT_EQ(measured.links.at("network").latency_ns, 1500);
  EXPECT_EQ(measured.links.at("network").ns_per_byte, 0.125);
  EXPECT_TRUE(measured.links.at("host").load_store);
  EXPECT_EQ(measured.switch_ns, 1200.5);
  ASSERT_EQ(measured.choices.size(), 1U);
  EXPECT_EQ(measured.choices[0].collective, Collective::broadcast);
  EXPECT_EQ(measured.choices[0].algorithm, "binomial_tree");
  EXPECT_EQ(measured.choices[0].protocol, Protocol::packet);
  EXPECT_EQ(measured.choices[0].lanes, 2);
  EXPECT_TRUE(measured.choices[0].direct);
}

void expect_refused(const std::string& text) {
  try {
    (void)parse_tuning(text);
    ADD_FAILURE() << text << " was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << error.what();
  }
}

std::string with_choice(const std::string& choice) {
  return R"({"weft":"1","machine":"m","measured":{"j":{"choices":[)" + choice + "]}}}";
}

TEST(Tuning, RefusesWhatIsNoTuningFile) {
  for (const char* text :
       {"", "{", "[]", "42", "{}", R"({"weft":1,"machine":"m","measured":{}})",
        R"({"weft":"1","machine":"m","measured":[1]})",
        R"({"weft":"1","machine":"m","poll_pauses":65,"measured":{}})",
        R"({"weft":"1","machine":"m","poll_pauses":-1,"measured":{}})",
        R"({"weft":"1","machine":"m","poll_pauses":"1","measured":{}})",
        R"({"weft":"1","machine":"m","measured":{"j":3}})",
        R"({"weft":"1","machine":"m","measured":{"j":{"links":{"host":{"latency_ns":-1}}}}})",
        R"({"weft":"1","machine":"m","measured":{"j":{"links":{"host":{"latency_ns":"x"}}}}})"})
    expect_refused(text);
  expect_refused(with_choice(R"({"collective":"all_reduce"})"));
  expect_refused(with_choice(
      R"({"collective":"all_red","bytes":8,"algorithm":"ring","protocol":"bulk","lanes":1})"));
  expect_refused(with_choice(
      R"({"collective":"all_reduce","bytes":8,"algorithm":"rings","protocol":"bulk","lanes":1})"));
  expect_refused(with_choice(
      R"({"collective":"all_reduce","bytes":8,"algorithm":"ring","protocol":"bul","lanes":1})"));
  expect_refused(with_choice(
      R"({"collective":"all_reduce","bytes":8,"algorithm":"ring","protocol":"bulk","lanes":9})"));
}

TEST(Tuning, EveryCutOfAFileIsRefused) {
  const std::string text = to_text(sample());
  const std::size_t end = text.rfind('}');
  for (std::size_t length = 0; length <= end; ++length) expect_refused(text.substr(0, length));
}

}  // namespace
}  // namespace weft::tuner
