#include "shm/names.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "around.h"
#include "base/descriptor.h"

namespace weft::shm {
namespace {

std::string path_of(const std::string& name) { return "/dev/shm/" + name; }
bool exists(const std::string& name) { return access(path_of(name).c_str(), F_OK) == 0; }

// A number that no segment of this test has.
std::string own_name(std::uint32_t serial) { return name_of(process_identity(), 1000 + serial); }

TEST(Names, hold_the_identity_of_the_owner) {
  EXPECT_EQ(name_of({0xabcd, 0x1234}, 7), "weft.000000000000abcd0000000000001234.7");
}

TEST(Names, one_that_is_taken_is_refused) {
  const FileDescriptor first(create_named(own_name(1)));
  ASSERT_TRUE(first);
  EXPECT_EQ(create_named(own_name(1)), -1);
  EXPECT_EQ(errno, EEXIST);
  EXPECT_TRUE(exists(own_name(1)));
  remove_name(own_name(1));
  EXPECT_FALSE(exists(own_name(1)));
}

TEST(Names, others_of_the_user_can_open_it_whatever_the_umask) {
  OtherProcess process([](SideChannel&) {
    umask(0777);
    const std::string name = own_name(2);
    const FileDescriptor file(create_named(name));
    struct stat info{};
    check(file && fstat(file.get(), &info) == 0, "create_named");
    remove_name(name);
    check((info.st_mode & 0777) == 0600, "its mode");
  });
  EXPECT_TRUE(process.join());
}

TEST(StaleNames, what_nobody_holds_is_removed_and_what_lives_stays) {
  OtherProcess owner([](SideChannel& line) {
    const int held = create_named(own_name(3));
    check(held >= 0, "create_named");
    const std::string name = own_name(3);
    line.send(std::as_bytes(std::span(name)));
    line.hear();
  });
  const std::vector<std::byte> text = owner.line().receive();
  const std::string name(reinterpret_cast<const char*>(text.data()), text.size());
  remove_stale_names();
  EXPECT_TRUE(exists(name));
  owner.signal(SIGKILL);
  EXPECT_TRUE(exists(name)) << "it was killed";
  remove_stale_names();
  EXPECT_FALSE(exists(name));
}

// As another container that shares /dev/shm.
TEST(StaleNames, a_start_in_another_pid_namespace_leaves_living_ones_alone) {
  ROOT_ONLY();
  const std::string name = own_name(4);
  const FileDescriptor held(create_named(name));
  ASSERT_TRUE(held);
  OtherProcess outside([](SideChannel&) { in_own_pid_namespace([] { remove_stale_names(); }); });
  EXPECT_TRUE(outside.join());
  EXPECT_TRUE(exists(name));
  remove_name(name);
}

TEST(StaleNames, a_child_that_has_inherited_the_file_keeps_it) {
  const std::string name = own_name(5);
  int held = create_named(name);
  ASSERT_GE(held, 0);
  OtherProcess child([](SideChannel& line) { line.hear(); });
  close(held);
  remove_stale_names();
  EXPECT_TRUE(exists(name));
  child.signal(SIGKILL);
  remove_stale_names();
  EXPECT_FALSE(exists(name));
}

TEST(StaleNames, other_files_are_none_of_its_business) {
  const std::string digits = text_of(process_identity());
  const std::string names[] = {"weft-" + digits,         "weft." + digits,
                               "weft." + digits + ".",   "weft." + digits + ".1x",
                               "xweft." + digits + ".1", "weft.4711.12345.0"};
  for (const std::string& name : names) std::ofstream(path_of(name)) << "x";
  const std::string folder = "weft." + digits + ".99";
  std::filesystem::create_directory(path_of(folder));
  remove_stale_names();
  for (const std::string& name : names) {
    EXPECT_TRUE(exists(name)) << name;
    std::filesystem::remove(path_of(name));
  }
  EXPECT_TRUE(exists(folder));
  std::filesystem::remove(path_of(folder));
}

TEST(StaleNames, what_is_another_users_stays) {
  ROOT_ONLY();
  const std::string name = name_of({1, 2}, 3);
  OtherProcess other([&](SideChannel&) {
    give_up_privileges();
    check(create_named(name) >= 0, "create_named");
  });
  EXPECT_TRUE(other.join());
  remove_stale_names();
  EXPECT_TRUE(exists(name));
  remove_name(name);
}

}  // namespace
}  // namespace weft::shm
