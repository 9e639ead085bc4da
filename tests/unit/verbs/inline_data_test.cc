#include "inline_data.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace weft::verbs {
namespace {

using Sizes = std::vector<std::uint32_t>;

TEST(InlineData, what_is_asked_for_comes_first_and_nothing_last) {
  EXPECT_EQ(inline_sizes(220), (Sizes{220, 128, 101, 96, 64, 48, 32, 0}));
  EXPECT_EQ(inline_sizes(464), (Sizes{464, 220, 128, 101, 96, 64, 48, 32, 0}));
  EXPECT_EQ(inline_sizes(96), (Sizes{96, 64, 48, 32, 0}));
  EXPECT_EQ(inline_sizes(0), Sizes{0});
}

// A device that refuses and leaves errno as it finds it.
struct Device {
  std::uint32_t grants;
  mutable int asked = 0;
  std::unique_ptr<int> operator()(std::uint32_t size) const {
    ++asked;
    return size <= grants ? std::make_unique<int>(1) : nullptr;
  }
};

TEST(InlineData, a_refusal_without_an_errno_leads_to_the_next_size) {
  for (const std::uint32_t grants : {500u, 220u, 128u, 120u, 101u, 96u, 55u, 32u, 8u, 0u}) {
    errno = EAGAIN;  // of something else
    const Device device{grants};
    std::unique_ptr<int> made;
    const std::uint32_t found = first_granted(inline_sizes(220), device, &made);
    ASSERT_NE(made, nullptr) << grants;
    EXPECT_LE(found, grants);
    for (const std::uint32_t size : inline_sizes(220)) {
      if (size > found) {
        EXPECT_GT(size, grants);
      }
    }
  }
}

TEST(InlineData, nothing_is_made_where_even_none_is_refused) {
  std::unique_ptr<int> made = std::make_unique<int>(7);
  int asked = 0;
  const auto refuses = [&](std::uint32_t) {
    ++asked;
    return std::unique_ptr<int>();
  };
  EXPECT_EQ(first_granted(inline_sizes(101), refuses, &made), 0u);
  EXPECT_EQ(made, nullptr);
  EXPECT_EQ(asked, 6);
}

}  // namespace
}  // namespace weft::verbs
