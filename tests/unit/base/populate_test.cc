#include "base/populate.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string>

#include "support/other_process.h"

namespace weft {
namespace {

using testing::OtherProcess;
using testing::SideChannel;
using transport::Status;

constexpr std::size_t kMiB = std::size_t{1} << 20;

// A machine whose memory is used up by what is populated, and by others meanwhile.
struct Machine {
  std::uint64_t left = 0;
  std::uint64_t others_take = 0;
  std::size_t populated = 0;
  std::size_t largest = 0;
  bool overdrawn = false;

  Status populate(std::size_t bytes) {
    return weft::populate(
        bytes, [this] { return std::vector<MemoryLimit>{{"the machine", left, "buy more"}}; },
        [this](std::size_t offset, std::size_t part) {
          EXPECT_EQ(offset, populated);
          overdrawn = overdrawn || part + others_take > left;
          populated += part;
          largest = std::max(largest, part);
          left -= std::min<std::uint64_t>(left, part + others_take);
          return 0;
        });
  }
};

TEST(Populate, nothing_is_touched_where_it_does_not_fit) {
  Machine machine{.left = 100 * kMiB};
  const Status status = machine.populate(101 * kMiB);
  EXPECT_EQ(status.code, ErrorCode::no_resources);
  EXPECT_EQ(machine.populated, 0u);
}

TEST(Populate, all_of_it_where_it_fits) {
  Machine machine{.left = 100 * kMiB};
  EXPECT_TRUE(machine.populate(100 * kMiB).ok());
  EXPECT_EQ(machine.populated, 100 * kMiB);
}

// Each of 64 ranks that populate at once takes as much as this one.
TEST(Populate, many_at_once_notice_before_there_is_nothing_left) {
  Machine machine{.left = std::uint64_t{100} << 30};
  const std::size_t part = kMiB * 25 / 16;
  machine.left = part * 64;
  machine.others_take = 63 * kMiB;
  const Status status = machine.populate(99 * kMiB);
  EXPECT_EQ(status.code, ErrorCode::no_resources) << "others were faster";
  EXPECT_FALSE(machine.overdrawn);
  EXPECT_LE(machine.largest, part);
}

TEST(Populate, an_interrupted_part_is_repeated_by_halves_until_it_is_short_enough) {
  std::size_t populated = 0;
  int interrupted = 0;
  const Status status = populate(
      64 * kMiB, [] { return std::vector<MemoryLimit>{}; },
      [&](std::size_t, std::size_t part) {
        if (part > 3 * kMiB) {
          ++interrupted;
          return EINTR;
        }
        populated += part;
        return 0;
      });
  EXPECT_TRUE(status.ok()) << status.message;
  EXPECT_EQ(populated, 64 * kMiB);
  EXPECT_EQ(interrupted, 5);
}

TEST(Populate, the_real_error_is_told) {
  const Status status = populate(
      kMiB, [] { return std::vector<MemoryLimit>{}; },
      [](std::size_t, std::size_t) { return EIO; });
  EXPECT_EQ(status.code, ErrorCode::internal);
  EXPECT_NE(std::string(status.message).find("Input/output error"), std::string::npos);
}

TEST(PopulateFile, its_pages_are_there) {
  const int fd = memfd_create("weft-test", MFD_CLOEXEC);
  ASSERT_TRUE(populate_file(fd, 70 * kMiB).ok());
  struct stat info{};
  ASSERT_EQ(fstat(fd, &info), 0);
  EXPECT_EQ(info.st_size, 70 * static_cast<off_t>(kMiB));
  EXPECT_EQ(info.st_blocks * 512, 70 * static_cast<off_t>(kMiB));
  close(fd);
}

TEST(PopulateFile, more_than_the_machine_has_is_an_error) {
  const int fd = memfd_create("weft-test", MFD_CLOEXEC);
  const Status status = populate_file(fd, std::size_t{1} << 50);
  EXPECT_EQ(status.code, ErrorCode::no_resources);
  EXPECT_NE(std::string(status.message).find("1073741824 MiB of memory asked for"),
            std::string::npos)
      << status.message;
  struct stat info{};
  ASSERT_EQ(fstat(fd, &info), 0);
  EXPECT_EQ(info.st_blocks, 0);
  close(fd);
}

// The kernel would send SIGXFSZ.
TEST(PopulateFile, a_limit_of_files_is_an_error_and_no_signal) {
  OtherProcess process([](SideChannel&) {
    const rlimit limit{kMiB, kMiB};
    setrlimit(RLIMIT_FSIZE, &limit);
    const int fd = memfd_create("weft-test", MFD_CLOEXEC);
    const Status status = populate_file(fd, 2 * kMiB);
    if (std::string(status.message).find("RLIMIT_FSIZE") == std::string::npos)
      throw std::runtime_error(status.message);
    if (!populate_file(fd, kMiB).ok()) throw std::runtime_error("as much as the limit");
  });
  EXPECT_TRUE(process.join());
}

TEST(PopulateFile, goes_on_under_an_interval_timer) {
  OtherProcess process([](SideChannel&) {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, nullptr);
    const itimerval each_ms{{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &each_ms, nullptr);
    const int fd = memfd_create("weft-test", MFD_CLOEXEC);
    const Status status = populate_file(fd, 200 * kMiB);
    if (!status.ok()) throw std::runtime_error(status.message);
  });
  EXPECT_TRUE(process.join());
}

TEST(MapPopulated, is_zeroed_and_there) {
  std::byte* memory = nullptr;
  ASSERT_TRUE(map_populated(8192, &memory).ok());
  EXPECT_TRUE(std::all_of(memory, memory + 8192, [](std::byte b) { return b == std::byte{0}; }));
  unsigned char there[2] = {};
  ASSERT_EQ(mincore(memory, 8192, there), 0);
  EXPECT_TRUE((there[0] & there[1] & 1) != 0);
  munmap(memory, 8192);
}

TEST(MapPopulated, more_than_there_is_is_an_error) {
  std::byte* memory = nullptr;
  const Status status = map_populated(std::size_t{1} << 50, &memory);
  EXPECT_EQ(status.code, ErrorCode::no_resources);
  EXPECT_NE(std::string(status.message).find("1073741824 MiB of memory asked for"),
            std::string::npos)
      << status.message;
  EXPECT_EQ(memory, nullptr);
}

TEST(MapPopulated, a_limit_of_the_address_space_is_named) {
  OtherProcess process([](SideChannel&) {
    rlimit limit{std::uint64_t{1} << 60, std::uint64_t{1} << 60};
    setrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = process_limits().used_address_space + 64 * kMiB;
    setrlimit(RLIMIT_AS, &limit);
    std::byte* memory = nullptr;
    const Status status = map_populated(100 * kMiB, &memory);
    if (std::string(status.message).find("RLIMIT_AS") == std::string::npos)
      throw std::runtime_error(status.message);
  });
  EXPECT_TRUE(process.join());
}

}  // namespace
}  // namespace weft
