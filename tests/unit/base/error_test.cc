#include "base/error.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(Error, fail_throws_a_formatted_message_with_its_code) {
  try {
    fail(ErrorCode::timeout, "rank {} of {}", 3, 8);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::timeout);
    EXPECT_STREQ(error.what(), "rank 3 of 8");
  }
}

TEST(Error, it_is_a_standard_exception) {
  EXPECT_THROW(fail(ErrorCode::internal, "x"), std::runtime_error);
}

TEST(Error, every_code_has_its_own_name) {
  const std::pair<ErrorCode, std::string_view> names[] = {
      {ErrorCode::ok, "ok"},
      {ErrorCode::invalid_argument, "invalid_argument"},
      {ErrorCode::mismatch, "mismatch"},
      {ErrorCode::timeout, "timeout"},
      {ErrorCode::peer_failed, "peer_failed"},
      {ErrorCode::poisoned, "poisoned"},
      {ErrorCode::no_resources, "no_resources"},
      {ErrorCode::unsupported, "unsupported"},
      {ErrorCode::abi_mismatch, "abi_mismatch"},
      {ErrorCode::bootstrap, "bootstrap"},
      {ErrorCode::internal, "internal"}};
  for (const auto& [code, name] : names) EXPECT_EQ(name_of(code), name);
  EXPECT_EQ(name_of(static_cast<ErrorCode>(200)), "?");
}

}  // namespace
}  // namespace weft
