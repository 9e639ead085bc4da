#include "tuner/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <weft/error.h>

namespace weft::tuner {
namespace {

std::string complaint(const char* text, int hosts = 64) {
  try {
    (void)parse_network(text, hosts);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "";
}

TEST(Network, DescriptionsHaveDefaultsForAllButWhatMakesThem) {
  EXPECT_EQ(parse_network("uniform", 8).kind, NetworkKind::uniform);
  const Network tree = parse_network("fat-tree:2:1", 64);
  EXPECT_EQ(tree.kind, NetworkKind::fat_tree);
  EXPECT_EQ(tree.oversubscription, 2);
  EXPECT_EQ(tree.hosts_per_group, 32);
  EXPECT_EQ(parse_network("fat-tree:3:2:16", 64).hosts_per_group, 16);
  EXPECT_EQ(parse_network("fat-tree:3:2:16", 64).oversubscription, 1.5);
  EXPECT_EQ(parse_network("rails", 64).oversubscription, 1);
  EXPECT_EQ(parse_network("rails:4:1", 64).oversubscription, 4);
  EXPECT_EQ(parse_network("dragonfly:16", 64).hosts_per_group, 16);
  EXPECT_EQ(parse_network("dragonfly:16:2:1", 64).oversubscription, 2);
}

TEST(Network, TwoSitesSplitTheHostsInHalves) {
  const Network sites = parse_network("two-sites:2.5:100", 7);
  EXPECT_EQ(sites.hosts_per_group, 4);
  EXPECT_EQ(sites.fibre_ns, 2.5e6);
  EXPECT_EQ(sites.fibre_ns_per_byte, 0.08);
}

TEST(Network, MistakesAreNamedBesideWhatThereIs) {
  using testing::HasSubstr;
  for (const char* text :
       {"", "ring", "fat-tree", "fat-tree:2", "fat-tree:1:2", "fat-tree:0:1", "fat-tree:2:1:0",
        "fat-tree:2:1:8:9", "fat-tree:two:1", "fat-tree:2:1:1.5", "rails:2", "dragonfly:8:2",
        "dragonfly:-8", "two-sites", "two-sites:0", "two-sites:nan", "two-sites:5ms",
        "uniform:2"}) {
    EXPECT_THAT(complaint(text), HasSubstr("there are uniform, fat-tree:DOWN:UP")) << text;
  }
  EXPECT_THAT(complaint("two-sites:5ms"), HasSubstr("'5ms' is no number of milliseconds"));
  EXPECT_THAT(complaint("fat-tree:1:2"), HasSubstr("DOWN is at least UP"));
  EXPECT_THAT(complaint("two-sites:1", 1), HasSubstr("two hosts"));
}

}  // namespace
}  // namespace weft::tuner
