#include "base/cgroup.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

using Paths = std::vector<std::filesystem::path>;

TEST(ControlGroups, every_level_counts) {
  EXPECT_EQ(control_groups("0::/slice/job\n", "/cg", "memory"),
            (Paths{"/cg", "/cg/slice", "/cg/slice/job"}));
  EXPECT_EQ(control_groups("0::/\n", "/cg", "memory"), Paths{"/cg"});
}

TEST(ControlGroups, version_1_has_a_folder_for_each_controller) {
  const std::string membership = "5:memory:/docker/1a\n4:cpu,cpuacct:/docker/1a\n";
  EXPECT_EQ(control_groups(membership, "/cg", "memory"),
            (Paths{"/cg/memory", "/cg/memory/docker", "/cg/memory/docker/1a"}));
  EXPECT_EQ(control_groups(membership, "/cg", "cpu"),
            (Paths{"/cg/cpu,cpuacct", "/cg/cpu,cpuacct/docker", "/cg/cpu,cpuacct/docker/1a"}));
  EXPECT_EQ(control_groups(membership, "/cg", "pids"), Paths{});
}

TEST(ControlGroups, nonsense_names_none) {
  EXPECT_EQ(control_groups("nonsense\n:\n1:memory\n\n", "/cg", "memory"), Paths{});
}

}  // namespace
}  // namespace weft
