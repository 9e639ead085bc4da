#include "topology/cgroup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace weft::topology {
namespace {

namespace fs = std::filesystem;

// A tree of control groups in a folder.
class QuotaTest : public testing::Test {
 protected:
  QuotaTest() {
    std::string name = fs::temp_directory_path() / "weft-cgroup-XXXXXX";
    mount_ = mkdtemp(name.data());
  }
  ~QuotaTest() override { fs::remove_all(mount_); }

  void write(const fs::path& file, const std::string& text) {
    fs::create_directories((mount_ / file).parent_path());
    std::ofstream(mount_ / file) << text << "\n";
  }

  fs::path mount_;
};

TEST_F(QuotaTest, without_groups_there_is_no_limit) {
  EXPECT_EQ(quota_processors("", mount_), 0);
  EXPECT_EQ(quota_processors("0::/\n", mount_), 0);
  EXPECT_EQ(quota_processors("nonsense\n:\n1:cpu\n", mount_), 0);
}

TEST_F(QuotaTest, max_is_no_limit) {
  write("job/cpu.max", "max 100000");
  EXPECT_EQ(quota_processors("0::/job\n", mount_), 0);
}

TEST_F(QuotaTest, a_part_of_a_processor_counts_as_one) {
  write("job/cpu.max", "150000 100000");
  EXPECT_EQ(quota_processors("0::/job\n", mount_), 2);
  write("job/cpu.max", "20000 100000");
  EXPECT_EQ(quota_processors("0::/job\n", mount_), 1);
}

TEST_F(QuotaTest, the_tightest_group_above_counts) {
  write("slice/cpu.max", "300000 100000");
  write("slice/pod/cpu.max", "max 100000");
  write("slice/pod/job/cpu.max", "800000 100000");
  EXPECT_EQ(quota_processors("0::/slice/pod/job\n", mount_), 3);
}

TEST_F(QuotaTest, in_a_container_the_mount_itself_is_the_group) {
  write("cpu.max", "400000 100000");
  EXPECT_EQ(quota_processors("0::/\n", mount_), 4);
}

TEST_F(QuotaTest, version_1_groups_count_too) {
  write("cpu,cpuacct/docker/1a2b/cpu.cfs_quota_us", "250000");
  write("cpu,cpuacct/docker/1a2b/cpu.cfs_period_us", "100000");
  const std::string membership = "5:memory:/docker/1a2b\n4:cpu,cpuacct:/docker/1a2b\n0::/\n";
  EXPECT_EQ(quota_processors(membership, mount_), 3);
  write("cpu,cpuacct/docker/1a2b/cpu.cfs_quota_us", "-1");
  EXPECT_EQ(quota_processors(membership, mount_), 0);
}

TEST_F(QuotaTest, nonsense_limits_nothing) {
  for (const char* text : {"", "x y", "100000", "-5 100000", "5 0", "1e30 1"}) {
    write("job/cpu.max", text);
    EXPECT_EQ(quota_processors("0::/job\n", mount_), 0) << text;
  }
}

}  // namespace
}  // namespace weft::topology
