#include "shm/segment.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <optional>
#include <string>

#include "around.h"
#include "shm/names.h"

namespace weft::shm {
namespace {

using transport::Status;

constexpr std::size_t kBytes = 10'000;

bool has_name(const SegmentKey& key) {
  return std::filesystem::exists("/dev/shm/" + name_of(key.owner, key.serial));
}

// Both backings; how many peers will map it.
struct Made : OwnSegment {
  explicit Made(Backing backing, int importers = 1) {
    const Status status = create(kBytes, backing, importers);
    if (!status.ok()) throw std::runtime_error(status.message);
  }
};

class Segments : public ::testing::TestWithParam<Backing> {};

TEST_P(Segments, are_zeroed_and_can_be_written) {
  const Made segment(GetParam());
  for (std::size_t i = 0; i < kBytes; ++i) ASSERT_EQ(segment.data()[i], std::byte{0}) << i;
  std::memset(segment.data(), 1, kBytes);
  EXPECT_EQ(segment.key().bytes, kBytes);
  EXPECT_EQ(segment.key().owner, process_identity());
}

TEST_P(Segments, are_one_memory_in_two_processes) {
  const Made segment(GetParam());
  OtherProcess peer([&](SideChannel&) {
    SharedMapping theirs;
    const Status status = import_segment(segment.key(), true, &theirs);
    check(status.ok(), status.message);
    theirs->data()[kBytes - 1] = std::byte{9};
  });
  EXPECT_TRUE(peer.join());
  EXPECT_EQ(segment.data()[kBytes - 1], std::byte{9});
}

// Two transports of one process.
TEST_P(Segments, an_importer_of_the_same_process_may_outlive_the_owner) {
  std::optional<Made> segment(GetParam());
  SharedMapping first;
  SharedMapping second;
  ASSERT_TRUE(import_segment(segment->key(), true, &first).ok());
  ASSERT_TRUE(import_segment(segment->key(), false, &second).ok());
  EXPECT_EQ(first->data(), segment->data()) << "they share its mapping";
  segment.reset();
  first->data()[5] = std::byte{5};
  first.reset();
  EXPECT_EQ(second->data()[5], std::byte{5});
  std::memset(second->data(), 1, kBytes);
}

TEST_P(Segments, the_owner_may_outlive_an_importer_of_the_same_process) {
  const Made segment(GetParam());
  SharedMapping importer;
  ASSERT_TRUE(import_segment(segment.key(), true, &importer).ok());
  importer.reset();
  std::memset(segment.data(), 1, kBytes);
}

TEST_P(Segments, what_is_released_cannot_be_imported_any_more) {
  std::optional<Made> segment(GetParam());
  const SegmentKey key = segment->key();
  segment.reset();
  SharedMapping mapping;
  EXPECT_EQ(import_segment(key, true, &mapping).code, ErrorCode::peer_failed);
  OtherProcess peer([&](SideChannel&) {
    SharedMapping theirs;
    check(!import_segment(key, true, &theirs).ok(), "imported what is not there");
  });
  EXPECT_TRUE(peer.join());
}

TEST_P(Segments, a_peer_that_has_mapped_one_keeps_it) {
  std::optional<Made> segment(GetParam());
  OtherProcess peer([&](SideChannel& line) {
    SharedMapping theirs;
    check(import_segment(segment->key(), true, &theirs).ok(), "import");
    line.tell();
    line.hear();
    std::memset(theirs->data(), 1, kBytes);
  });
  peer.line().hear();
  segment.reset();
  peer.line().tell();
  EXPECT_TRUE(peer.join());
}

TEST_P(Segments, more_memory_than_there_is_is_an_error_that_says_so) {
  OwnSegment segment;
  const Status status = segment.create(std::size_t{1} << 46, GetParam(), 1);
  EXPECT_EQ(status.code, ErrorCode::no_resources);
  EXPECT_NE(std::string(status.message).find("67108864 MiB of memory asked for"), std::string::npos)
      << status.message;
}

TEST_P(Segments, too_few_descriptors_are_told_of) {
  OtherProcess process([](SideChannel&) {
    const rlimit few{3, 3};
    check(setrlimit(RLIMIT_NOFILE, &few) == 0, "setrlimit");
    OwnSegment segment;
    const Status status = segment.create(kBytes, GetParam(), 1);
    check(status.code == ErrorCode::no_resources, status.message);
    check(std::string(status.message).find("RLIMIT_NOFILE, which is 3") != std::string::npos,
          status.message);
  });
  EXPECT_TRUE(process.join());
}

TEST_P(Segments, none_of_their_descriptors_is_a_standard_one) {
  OtherProcess process([](SideChannel&) {
    for (int fd = 0; fd < 3; ++fd) close(fd);
    const Made segment(GetParam());
    SharedMapping theirs;
    OtherProcess peer(
        [&](SideChannel&) { check(import_segment(segment.key(), true, &theirs).ok(), "import"); });
    check(peer.join(), "the peer");
    check(write(2, "x", 1) < 0 && write(1, "x", 1) < 0, "printed into something");
  });
  EXPECT_TRUE(process.join());
}

INSTANTIATE_TEST_SUITE_P(Backings, Segments, ::testing::Values(Backing::memfd, Backing::posix),
                         [](const auto& backing) {
                           return backing.param == Backing::memfd ? "memfd" : "posix";
                         });

TEST(PosixSegments, the_name_goes_with_the_last_importer) {
  const Made segment(Backing::posix, 2);
  SharedMapping first;
  SharedMapping second;
  EXPECT_TRUE(has_name(segment.key()));
  ASSERT_TRUE(import_segment(segment.key(), true, &first).ok());
  ASSERT_TRUE(import_segment(segment.key(), false, &second).ok()) << "the owner's own";
  EXPECT_TRUE(has_name(segment.key()));
  ASSERT_TRUE(import_segment(segment.key(), true, &second).ok());
  EXPECT_FALSE(has_name(segment.key()));
}

TEST(PosixSegments, one_without_importers_has_no_name) {
  const Made segment(Backing::posix, 0);
  EXPECT_FALSE(has_name(segment.key()));
}

TEST(PosixSegments, an_importer_in_the_place_of_one_that_is_gone_finds_the_name) {
  Made segment(Backing::posix, 2);
  SharedMapping mapping;
  ASSERT_TRUE(import_segment(segment.key(), true, &mapping).ok());
  segment.expect_import();
  ASSERT_TRUE(import_segment(segment.key(), true, &mapping).ok());
  EXPECT_TRUE(has_name(segment.key()));
  ASSERT_TRUE(import_segment(segment.key(), true, &mapping).ok());
  EXPECT_FALSE(has_name(segment.key()));
  segment.expect_import();  // too late
}

TEST(PosixSegments, the_owners_end_removes_the_name) {
  std::optional<Made> segment(Backing::posix);
  const SegmentKey key = segment->key();
  segment.reset();
  EXPECT_FALSE(has_name(key));
}

TEST(PosixSegments, a_forked_child_has_no_say_in_its_parents_name) {
  std::optional<Made> segment(Backing::posix);
  OtherProcess child([&](SideChannel&) { segment.reset(); });
  EXPECT_TRUE(child.join());
  EXPECT_TRUE(has_name(segment->key()));
}

TEST(PosixSegments, a_living_owners_name_survives_every_cleaner) {
  const Made segment(Backing::posix);
  OtherProcess cleaner([](SideChannel&) { remove_stale_names(); });
  EXPECT_TRUE(cleaner.join());
  EXPECT_TRUE(has_name(segment.key()));
}

// Descriptors and pids are used again.
TEST(MemfdSegments, another_file_at_the_same_place_is_not_taken_for_it) {
  const Made segment(Backing::memfd);
  SegmentKey wrong = segment.key();
  wrong.inode += 1;
  OtherProcess peer([&](SideChannel&) {
    SharedMapping theirs;
    const Status status = import_segment(wrong, true, &theirs);
    check(status.code == ErrorCode::peer_failed, status.message);
  });
  EXPECT_TRUE(peer.join());
}

TEST(MemfdSegments, of_a_peer_that_has_given_up_privileges_the_setting_is_named) {
  ROOT_ONLY();
  OtherProcess process([](SideChannel&) {
    become_ordinary();
    OtherProcess peer([](SideChannel& line) {
      const Made segment(Backing::memfd);
      prctl(PR_SET_DUMPABLE, 0);
      line.send(bytes_of(segment.key()));
      line.hear();
    });
    const auto key = value_in<SegmentKey>(peer.line().receive());
    SharedMapping theirs;
    const Status status = import_segment(key, true, &theirs);
    check(std::string(status.message).find("WEFT_SHM_BACKING=posix") != std::string::npos,
          status.message);
  });
  EXPECT_TRUE(process.join());
}

}  // namespace
}  // namespace weft::shm
