#include "shm/private_memory.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "around.h"

namespace weft::shm {
namespace {

using transport::Status;

PrivateAddress own_address() {
  return {own_process(), reinterpret_cast<std::uint64_t>(&process_identity())};
}

// Where a word of another process is.
struct Word {
  PrivateAddress process;
  std::uint64_t address;
};

struct Child {
  OtherProcess process{[](SideChannel& line) {
    static std::uint64_t own = 42;
    line.send(bytes_of(Word{own_address(), reinterpret_cast<std::uint64_t>(&own)}));
    line.hear();
    line.send(bytes_of(own));
    prctl(PR_SET_DUMPABLE, 0);
    line.tell();
    line.hear();
  }};
  Word word = value_in<Word>(process.line().receive());
};

Status read(PrivateMemory& memory, std::uint64_t theirs, std::uint64_t* mine) {
  return memory.copy(theirs, mine, sizeof(*mine), false);
}

TEST(PrivateMemory, is_copied_in_both_directions) {
  Child child;
  PrivateMemory memory(child.word.process, own_process());
  if (memory.copy(0, nullptr, 0, false).code == ErrorCode::unsupported)
    GTEST_SKIP() << "this system does not let processes look at each other";
  std::uint64_t value = 0;
  EXPECT_TRUE(read(memory, child.word.address, &value).ok());
  EXPECT_EQ(value, 42u);
  value = 43;
  EXPECT_TRUE(memory.copy(child.word.address, &value, sizeof(value), true).ok());
  child.process.line().tell();
  EXPECT_EQ(value_in<std::uint64_t>(child.process.line().receive()), 43u);
}

TEST(PrivateMemory, of_the_same_process_is_copied_here) {
  PrivateMemory memory(own_address(), own_process());
  std::uint64_t there = 7;
  std::uint64_t here = 0;
  EXPECT_TRUE(read(memory, reinterpret_cast<std::uint64_t>(&there), &here).ok());
  EXPECT_EQ(here, 7u);
}

TEST(PrivateMemory, an_address_that_is_not_there_is_an_error) {
  Child child;
  PrivateMemory memory(child.word.process, own_process());
  std::uint64_t value = 0;
  EXPECT_FALSE(read(memory, 8, &value).ok());
}

TEST(PrivateMemory, of_another_process_with_the_same_pid_is_out_of_reach) {
  Child child;
  PrivateAddress earlier = child.word.process;
  earlier.process.identity.low += 1;
  PrivateMemory memory(earlier, own_process());
  std::uint64_t value = 0;
  EXPECT_EQ(read(memory, child.word.address, &value).code, ErrorCode::unsupported);
}

TEST(PrivateMemory, of_another_pid_namespace_is_out_of_reach) {
  Child child;
  PrivateAddress elsewhere = child.word.process;
  elsewhere.process.pid_namespace += 1;
  PrivateMemory memory(elsewhere, own_process());
  EXPECT_EQ(memory.copy(0, nullptr, 0, false).code, ErrorCode::unsupported);
}

TEST(PrivateMemory, of_a_peer_that_gives_up_privileges_goes_out_of_reach) {
  ROOT_ONLY();
  OtherProcess process([](SideChannel&) {
    become_ordinary();
    Child child;
    PrivateMemory memory(child.word.process, own_process());
    if (!memory.copy(0, nullptr, 0, false).ok()) return;
    child.process.line().tell();
    child.process.line().receive();
    child.process.line().hear();
    // It is asked again after a while.
    Status status;
    while (status.ok()) {
      std::this_thread::yield();
      status = memory.copy(0, nullptr, 0, false);
    }
    check(status.code == ErrorCode::unsupported, status.message);
  });
  EXPECT_TRUE(process.join());
}

TEST(PrivateMemory, of_a_peer_that_has_ended_is_an_error) {
  Child child;
  PrivateMemory memory(child.word.process, own_process());
  if (!memory.copy(0, nullptr, 0, false).ok()) GTEST_SKIP() << "out of reach here";
  child.process.signal(SIGKILL);
  std::uint64_t value = 0;
  EXPECT_EQ(read(memory, child.word.address, &value).code, ErrorCode::peer_failed);
}

}  // namespace
}  // namespace weft::shm
