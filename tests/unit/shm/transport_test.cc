// What the contract suite does not ask: who is reached, in which surroundings.
#include "shm/transport.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "around.h"
#include "shm/names.h"

namespace weft::shm {
namespace {

using transport::LocalMemory;
using transport::MemoryKey;
using transport::OpenOptions;
using transport::RemoteMemory;
using transport::Status;

OpenOptions rank_of_two(int rank) {
  OpenOptions options;
  options.rank = rank;
  options.size = 2;
  return options;
}

std::vector<std::byte> copy_of(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

// A peer's transport in another process, with one memory.
struct Peer {
  explicit Peer(std::optional<Backing> backing, void (*before)() = nullptr,
                void (*between)() = nullptr)
      : process([=](SideChannel& line) {
          if (before != nullptr) before();
          Transport own(rank_of_two(1), backing);
          line.send(own.address());
          line.hear();
          if (between != nullptr) between();
          LocalMemory memory;
          const Status status = own.allocate(10'000, &memory);
          check(status.ok(), status.message);
          *static_cast<char*>(memory.address) = 'x';
          line.send(bytes_of(memory.key));
          line.hear();
        }),
        address(process.line().receive()) {}

  MemoryKey allocate() {
    process.line().tell();
    return value_in<MemoryKey>(process.line().receive());
  }

  OtherProcess process;
  std::vector<std::byte> address;
};

// What came of connecting and mapping the peer's memory: "", or why not.
std::string reach(Peer& peer, std::optional<Backing> backing) {
  Transport own(rank_of_two(0), backing);
  Status status = own.connect(1, peer.address);
  if (!status.ok()) return std::string("connect: ") + status.message;
  RemoteMemory memory;
  status = own.import_memory(1, peer.allocate(), &memory);
  if (!status.ok()) return std::string("import: ") + status.message;
  return *static_cast<char*>(memory.mapped) == 'x' ? "" : "other bytes";
}

TEST(Transport, reaches_a_peer_whatever_the_backings) {
  for (const auto theirs : {Backing::memfd, Backing::posix}) {
    for (const auto mine : {Backing::memfd, Backing::posix}) {
      Peer peer(theirs);
      EXPECT_EQ(reach(peer, mine), "");
    }
  }
}

// Engines, or ranks that are threads, end in any order.
TEST(Transport, two_of_one_process_may_close_in_any_order) {
  for (const bool owner_first : {true, false}) {
    auto one = std::make_unique<Transport>(rank_of_two(0), std::nullopt);
    auto other = std::make_unique<Transport>(rank_of_two(1), std::nullopt);
    ASSERT_TRUE(one->connect(1, other->address()).ok());
    LocalMemory memory;
    RemoteMemory remote;
    ASSERT_TRUE(other->allocate(10'000, &memory).ok());
    ASSERT_TRUE(one->import_memory(1, memory.key, &remote).ok());
    EXPECT_EQ(remote.mapped, memory.address);
    if (!owner_first) {
      one.reset();
      std::memset(memory.address, 1, 10'000);
      continue;
    }
    other.reset();
    transport::Put put;
    put.target = &remote;
    put.source = "farewell";
    put.bytes = 8;
    std::size_t posted = 0;
    EXPECT_TRUE(one->put({&put, 1}, &posted).ok());
    EXPECT_EQ(std::memcmp(remote.mapped, "farewell", 8), 0);
    one->release(remote);
  }
}

// The init process of another container has the same pid, and may have started in the same tick.
TEST(Transport, a_twin_of_another_container_is_not_taken_for_this_process) {
  ROOT_ONLY();
  OtherProcess outside([](SideChannel&) {
    check(unshare(CLONE_NEWPID) == 0, "unshare");
    Peer peer(Backing::posix);
    auto id = value_in<ProcessId>({peer.address.begin(), peer.address.begin() + sizeof(ProcessId)});
    check(id.pid == 1, "the first process of its namespace");
    id.pid = getpid();
    id.start_time = start_time_of(getpid());
    std::memcpy(peer.address.data(), &id, sizeof(id));
    check(reach(peer, Backing::posix).empty(), "not reached");
  });
  EXPECT_TRUE(outside.join());
}

TEST(Transport, another_pid_namespace_is_reached_by_posix_objects_alone) {
  Transport own(rank_of_two(0), Backing::memfd);
  std::vector<std::byte> address = copy_of(own.address());
  auto elsewhere = value_in<ProcessId>({address.begin(), address.begin() + sizeof(ProcessId)});
  elsewhere.identity.low += 1;
  elsewhere.pid_namespace += 1;
  std::memcpy(address.data(), &elsewhere, sizeof(elsewhere));
  const Status status = own.connect(1, address);
  EXPECT_EQ(status.code, ErrorCode::unsupported);
  EXPECT_NE(std::string(status.message).find("WEFT_SHM_BACKING=posix"), std::string::npos);
}

TEST(Transport, a_peer_that_gives_up_privileges_goes_on_by_posix_objects) {
  ROOT_ONLY();
  const auto give_up = [] { check(prctl(PR_SET_DUMPABLE, 0) == 0, "PR_SET_DUMPABLE"); };
  OtherProcess process([&](SideChannel&) {
    become_ordinary();
    Peer later(std::nullopt, nullptr, give_up);
    check(reach(later, std::nullopt).empty(), "given up after start-up");
    Peer before(std::nullopt, give_up);
    check(reach(before, std::nullopt).empty(), "started without them");
    Peer insists(Backing::memfd, give_up);
    const std::string why = reach(insists, std::nullopt);
    check(why.starts_with("connect: ") && why.find("WEFT_SHM_BACKING=posix") != why.npos,
          why.c_str());
  });
  EXPECT_TRUE(process.join());
}

TEST(Transport, another_users_objects_are_refused_at_once) {
  ROOT_ONLY();
  Peer peer(Backing::posix);
  OtherProcess process([&](SideChannel&) {
    become_ordinary();
    Transport own(rank_of_two(0), Backing::posix);
    const Status status = own.connect(1, peer.address);
    check(status.code == ErrorCode::unsupported, "connected");
    check(std::string(status.message).find("another user") != std::string::npos, status.message);
  });
  EXPECT_TRUE(process.join());
}

TEST(Transport, what_a_killed_job_has_left_behind_is_removed_at_the_next_start) {
  std::string name;
  {
    Peer peer(Backing::posix);
    const auto key = peer.allocate();
    SegmentKey segment;
    std::memcpy(&segment, key.bytes, sizeof(segment));
    name = "/dev/shm/" + name_of(segment.owner, segment.serial);
    EXPECT_EQ(access(name.c_str(), F_OK), 0);
    peer.process.signal(SIGKILL);
  }
  Transport own(rank_of_two(0), Backing::posix);
  LocalMemory memory;
  ASSERT_TRUE(own.allocate(4096, &memory).ok());
  EXPECT_NE(access(name.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace weft::shm
