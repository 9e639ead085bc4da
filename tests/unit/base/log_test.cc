#include "base/log.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

std::string logged_at(LogLevel level) {
  testing::internal::CaptureStderr();
  const Log log(level, "weft 3/8");
  log.warn("warn {}", 1);
  log.info("info {}", 2);
  log.debug("debug {}", 3);
  return testing::internal::GetCapturedStderr();
}

TEST(Log, each_level_says_what_it_and_those_before_it_say) {
  EXPECT_EQ(logged_at(LogLevel::silent), "");
  EXPECT_EQ(logged_at(LogLevel::warn), "weft 3/8: warn 1\n");
  EXPECT_EQ(logged_at(LogLevel::info), "weft 3/8: warn 1\nweft 3/8: info 2\n");
  EXPECT_EQ(logged_at(LogLevel::debug), "weft 3/8: warn 1\nweft 3/8: info 2\nweft 3/8: debug 3\n");
}

TEST(Log, warnings_are_on_unless_told_otherwise) {
  const Log log;
  EXPECT_TRUE(log.enabled(LogLevel::warn));
  EXPECT_FALSE(log.enabled(LogLevel::info));
}

}  // namespace
}  // namespace weft
