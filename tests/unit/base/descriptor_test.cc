#include "base/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>

#include "support/other_process.h"

namespace weft {
namespace {

using testing::OtherProcess;
using testing::SideChannel;

// Runs in a process without standard descriptors. 0: `body` says yes.
void without_standard_descriptors(const std::function<bool()>& body) {
  OtherProcess process([&](SideChannel&) {
    for (int fd = 0; fd < 3; ++fd) close(fd);
    if (!body()) throw std::runtime_error("no");
  });
  EXPECT_TRUE(process.join());
}

bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(AboveStandard, a_descriptor_is_moved_away_from_0_to_2) {
  without_standard_descriptors([] {
    const int fd = above_standard(memfd_create("weft-test", MFD_CLOEXEC));
    const bool works = fd > 2 && ftruncate(fd, 77) == 0 && lseek(fd, 0, SEEK_END) == 77;
    return works && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 && !is_open(0) && !is_open(1) &&
           !is_open(2);
  });
}

TEST(AboveStandard, others_and_failures_stay_as_they_are) {
  const int fd = memfd_create("weft-test", MFD_CLOEXEC);
  ASSERT_GT(fd, 2);
  EXPECT_EQ(above_standard(fd), fd);
  close(fd);
  errno = ENOENT;
  EXPECT_EQ(above_standard(-1), -1);
  EXPECT_EQ(errno, ENOENT);
}

TEST(StandardDescriptors, what_is_opened_meanwhile_lands_elsewhere) {
  without_standard_descriptors([] {
    int inside = -1;
    ssize_t printed = 0;
    {
      const StandardDescriptors taken;
      inside = memfd_create("weft-test", MFD_CLOEXEC);
      printed = write(2, "x", 1);
    }
    return inside > 2 && printed < 0 && is_open(inside) && !is_open(0) && !is_open(1) &&
           !is_open(2);
  });
}

TEST(StandardDescriptors, what_another_has_put_there_stays) {
  without_standard_descriptors([] {
    {
      const StandardDescriptors taken;
      const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
      dup2(null, 1);
    }
    return !is_open(0) && is_open(1) && !is_open(2);
  });
}

TEST(StandardDescriptors, open_ones_are_not_touched) {
  const bool before[] = {is_open(0), is_open(1), is_open(2)};
  {
    const StandardDescriptors taken;
  }
  for (int fd = 0; fd < 3; ++fd) EXPECT_EQ(is_open(fd), before[fd]) << fd;
}

TEST(WordsOfError, too_few_descriptors_name_the_limit) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const std::string words = words_of_error(EMFILE);
  EXPECT_NE(words.find("RLIMIT_NOFILE, which is " + std::to_string(limit.rlim_cur)),
            std::string::npos)
      << words;
  EXPECT_NE(words_of_error(ENFILE).find("fs.file-max"), std::string::npos);
  EXPECT_EQ(words_of_error(EACCES), "Permission denied");
}

}  // namespace
}  // namespace weft
