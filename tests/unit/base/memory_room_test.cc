#include "base/memory_room.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

namespace weft {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr const char* kMeminfo =
    "MemTotal:        4040712 kB\n"
    "MemFree:          152340 kB\n"
    "MemAvailable:    2097152 kB\n"
    "Buffers:           10000 kB\n"
    "SwapTotal:       1048576 kB\n"
    "SwapFree:        1048576 kB\n";

TEST(MemoryLeft, of_a_machine_is_what_is_available_and_the_free_swap) {
  EXPECT_EQ(memory_left_in(kMeminfo), 3072 * kMiB);
  EXPECT_EQ(memory_left_in("MemAvailable: 1024 kB\n"), kMiB);
}

TEST(MemoryLeft, is_unknown_where_nothing_says_it) {
  EXPECT_EQ(memory_left_in(""), std::nullopt);
  EXPECT_EQ(memory_left_in("MemTotal: 5 kB\nMemFree: 5 kB\n"), std::nullopt);
  EXPECT_EQ(memory_left_in("MemAvailableToNobody: 5 kB"), std::nullopt);
  EXPECT_EQ(memory_left_in("MemAvailable: kB"), std::nullopt);
}

MemoryGroup group(std::uint64_t limit, std::uint64_t usage, std::string stat = "") {
  return {std::to_string(limit) + "\n", std::to_string(usage) + "\n", std::move(stat), "", ""};
}

TEST(MemoryLeft, of_a_group_is_its_limit_less_its_usage) {
  EXPECT_EQ(memory_left_in(group(200 * kMiB, 50 * kMiB), 0), 150 * kMiB);
  EXPECT_EQ(memory_left_in(group(200 * kMiB, 250 * kMiB), 0), 0u) << "above a lowered limit";
}

TEST(MemoryLeft, a_cache_of_files_gives_way_and_shared_memory_does_not) {
  const std::string stat =
      "anon 1048576\nfile 41943040\nshmem 20971520\nfile_mapped 0\ninactive_anon 22020096\n"
      "active_anon 0\ninactive_file 10485760\nactive_file 10485760\nslab_reclaimable 1048576\n";
  EXPECT_EQ(memory_left_in(group(200 * kMiB, 100 * kMiB, stat), 0), 121 * kMiB);
}

TEST(MemoryLeft, of_version_1_counts_the_groups_below) {
  const std::string stat =
      "inactive_file 0\nactive_file 4096\ntotal_inactive_file 5242880\ntotal_active_file 5242880\n";
  EXPECT_EQ(memory_left_in(group(100 * kMiB, 60 * kMiB, stat), 0), 50 * kMiB);
}

TEST(MemoryLeft, a_group_may_use_as_much_swap_as_it_and_the_machine_have) {
  MemoryGroup some = group(100 * kMiB, 90 * kMiB);
  some.swap_limit = std::to_string(50 * kMiB);
  some.swap_usage = std::to_string(20 * kMiB);
  EXPECT_EQ(memory_left_in(some, 1000 * kMiB), 40 * kMiB);
  EXPECT_EQ(memory_left_in(some, 5 * kMiB), 15 * kMiB);
  some.swap_limit = "max";
  EXPECT_EQ(memory_left_in(some, 70 * kMiB), 80 * kMiB);
}

TEST(MemoryLeft, of_a_group_without_a_limit_is_no_question) {
  MemoryGroup none = group(1, 1);
  none.limit = "max\n";
  EXPECT_EQ(memory_left_in(none, 0), std::nullopt);
  none.limit = "";
  EXPECT_EQ(memory_left_in(none, 0), std::nullopt);
  none.limit = "9223372036854771712\n";
  EXPECT_EQ(memory_left_in(none, 0), std::nullopt) << "how version 1 says so";
}

// A machine in a folder.
class MemoryLimits : public ::testing::Test {
 protected:
  MemoryLimits() {
    std::string name = fs::temp_directory_path() / "weft-memory-XXXXXX";
    root_ = mkdtemp(name.data());
    write("proc/meminfo", kMeminfo);
  }
  ~MemoryLimits() override { fs::remove_all(root_); }

  void write(const fs::path& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text << "\n";
  }
  void write_group(const std::string& path, std::uint64_t limit, std::uint64_t usage) {
    write("cg/" + path + "/memory.max", std::to_string(limit));
    write("cg/" + path + "/memory.current", std::to_string(usage));
  }
  std::vector<MemoryLimit> limits() { return memory_limits({root_ / "proc", root_ / "cg"}); }
  std::string refusal(std::uint64_t bytes) { return check_memory(bytes, bytes, limits()).message; }

  fs::path root_;
};

TEST_F(MemoryLimits, without_groups_there_is_the_machine) {
  EXPECT_EQ(refusal(3000 * kMiB), "");
  const std::string text = refusal(4000 * kMiB);
  EXPECT_TRUE(text.starts_with("4000 MiB of memory asked for, the machine has 3024 MiB: ")) << text;
  EXPECT_NE(text.find("WEFT_SHARED_BYTES"), std::string::npos) << text;
}

TEST_F(MemoryLimits, the_tightest_group_of_the_whole_chain_counts) {
  write("proc/self/cgroup", "0::/slice/pod/job");
  write_group("slice", 400 * kMiB, 300 * kMiB);
  write_group("slice/pod", 200 * kMiB, 10 * kMiB);
  write("cg/slice/pod/job/memory.max", "max");
  write("cg/slice/pod/job/memory.current", "0");
  EXPECT_EQ(refusal(90 * kMiB), "");
  const std::string text = refusal(110 * kMiB);
  EXPECT_TRUE(text.starts_with("110 MiB of memory asked for, control group /slice has 98 MiB: "))
      << text;
  EXPECT_NE(text.find("memory.max (docker run --memory)"), std::string::npos) << text;
}

TEST_F(MemoryLimits, version_1_and_a_container_whose_mount_is_its_group) {
  write("proc/self/cgroup", "7:memory:/docker/1a2b\n0::/");
  write("cg/memory/memory.limit_in_bytes", std::to_string(100 * kMiB));
  write("cg/memory/memory.usage_in_bytes", std::to_string(36 * kMiB));
  const std::string text = refusal(65 * kMiB);
  EXPECT_NE(text.find("has 63 MiB"), std::string::npos) << text;
  EXPECT_NE(text.find("memory.limit_in_bytes"), std::string::npos) << text;
}

TEST_F(MemoryLimits, what_cannot_be_read_limits_nothing) {
  fs::remove_all(root_ / "proc");
  EXPECT_EQ(refusal(std::uint64_t{1} << 50), "");
}

TEST_F(MemoryLimits, a_message_fits_whatever_the_path) {
  const std::string path = "kubepods.slice/" + std::string(200, 'p') + "/" + std::string(150, 'c');
  write("proc/self/cgroup", "0::/" + path);
  write_group(path, 10 * kMiB, 0);
  const std::string text = refusal(11 * kMiB);
  EXPECT_TRUE(text.ends_with("ask for less (WEFT_SHARED_BYTES, allocate)")) << text;
}

TEST_F(MemoryLimits, what_was_populated_already_is_told_of_as_there) {
  const std::string text =
      check_memory(40 * kMiB, 100 * kMiB, {{"the machine", 30 * kMiB, "x"}}).message;
  EXPECT_TRUE(text.starts_with("100 MiB of memory asked for, the machine has 90 MiB: x")) << text;
}

TEST(ProcessMemoryLimits, each_kind_is_held_against_its_own) {
  ProcessLimits process;
  EXPECT_TRUE(check_memory(kMiB << 30, 0, memory_limits(process, MemoryKind::file)).ok());
  process.address_space = 1000 * kMiB;
  process.used_address_space = 900 * kMiB;
  process.data = 80 * kMiB;
  process.used_data = 10 * kMiB;
  process.file_size = 50 * kMiB;
  const auto refusal = [&](std::uint64_t bytes, MemoryKind kind) {
    return std::string(check_memory(bytes, bytes, memory_limits(process, kind)).message);
  };
  EXPECT_EQ(refusal(50 * kMiB, MemoryKind::file), "");
  EXPECT_NE(refusal(51 * kMiB, MemoryKind::file)
                .find("RLIMIT_FSIZE has 50 MiB: raise it (ulimit "
                      "-f)"),
            std::string::npos);
  EXPECT_EQ(refusal(70 * kMiB, MemoryKind::anonymous), "");
  EXPECT_NE(refusal(71 * kMiB, MemoryKind::anonymous).find("RLIMIT_DATA has 70 MiB"),
            std::string::npos);
  process.data = process.file_size = RLIM_INFINITY;
  EXPECT_NE(refusal(101 * kMiB, MemoryKind::file).find("RLIMIT_AS has 100 MiB"), std::string::npos);
}

TEST(ProcessMemoryLimits, those_of_this_process_are_read) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &limit), 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, rlim_t{1} << 60);
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  const ProcessLimits process = process_limits();
  EXPECT_EQ(process.address_space, limit.rlim_cur);
  EXPECT_GT(process.used_address_space, kMiB);
  EXPECT_GT(process.used_data, 0u);
  EXPECT_GE(process.used_address_space, process.used_data);
}

TEST(MemoryError, tells_the_real_reason_and_the_setting) {
  const transport::Status locked = memory_error("mapping memory", 5 * kMiB, EAGAIN);
  EXPECT_EQ(locked.code, ErrorCode::no_resources);
  EXPECT_NE(std::string(locked.message).find("RLIMIT_MEMLOCK"), std::string::npos);
  const transport::Status few = memory_error("opening memory", 5 * kMiB, EMFILE);
  EXPECT_EQ(few.code, ErrorCode::no_resources);
  EXPECT_NE(std::string(few.message).find("RLIMIT_NOFILE"), std::string::npos);
  const transport::Status denied = memory_error("opening memory", 5 * kMiB, EACCES);
  EXPECT_EQ(denied.code, ErrorCode::internal);
  EXPECT_STREQ(denied.message, "opening memory of 5 MiB: Permission denied");
}

}  // namespace
}  // namespace weft
