#include "shm/liveness.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "around.h"

namespace weft::shm {
namespace {

using Watch = Liveness::Watch;
using Peers = std::vector<int>;

// Lives until its line is closed, or it is killed.
struct Child {
  OtherProcess process{[](SideChannel& line) {
    line.send(bytes_of(own_process()));
    line.hear();
  }};
  ProcessId id = value_in<ProcessId>(process.line().receive());
};

TEST(Liveness, who_ends_is_told_of_once) {
  const ProcessId own = own_process();
  Child first;
  Child second;
  Liveness liveness;
  EXPECT_EQ(liveness.watch(4, first.id, own), Watch::watched);
  EXPECT_EQ(liveness.watch(5, second.id, own), Watch::watched);
  EXPECT_EQ(liveness.ended(), Peers{});
  first.process.signal(SIGKILL);
  EXPECT_EQ(liveness.ended(), Peers{4});
  EXPECT_EQ(liveness.ended(), Peers{});
  second.process.signal(SIGKILL);
  EXPECT_EQ(liveness.ended(), Peers{5});
}

TEST(Liveness, who_is_forgotten_is_not_told_of) {
  const ProcessId own = own_process();
  Child child;
  Liveness liveness;
  EXPECT_EQ(liveness.watch(4, child.id, own), Watch::watched);
  liveness.forget(4);
  liveness.forget(77);
  child.process.signal(SIGKILL);
  EXPECT_EQ(liveness.ended(), Peers{});
}

TEST(Liveness, who_has_ended_before_is_gone) {
  const ProcessId own = own_process();
  Child child;
  child.process.signal(SIGKILL);
  Liveness liveness;
  EXPECT_EQ(liveness.watch(4, child.id, own), Watch::gone);
  EXPECT_EQ(liveness.ended(), Peers{});
}

TEST(Liveness, who_has_the_pid_of_one_that_has_ended_is_not_watched_for_it) {
  const ProcessId own = own_process();
  Child child;
  ProcessId earlier = child.id;
  earlier.start_time -= 1;
  Liveness liveness;
  EXPECT_EQ(liveness.watch(4, earlier, own), Watch::gone);
  child.process.signal(SIGKILL);
  EXPECT_EQ(liveness.ended(), Peers{});
}

TEST(Liveness, who_cannot_be_looked_at_is_unknown) {
  const ProcessId own = own_process();
  Child child;
  ProcessId elsewhere = child.id;
  elsewhere.pid_namespace += 1;
  Liveness liveness;
  EXPECT_EQ(liveness.watch(4, elsewhere, own), Watch::unknown);
  EXPECT_EQ(liveness.watch(5, own, own), Watch::unknown) << "itself";
  child.process.signal(SIGKILL);
  EXPECT_EQ(liveness.ended(), Peers{});
}

TEST(Liveness, too_few_descriptors_are_told_of) {
  OtherProcess process([](SideChannel&) {
    const ProcessId own = own_process();
    Child child;
    const rlimit few{3, 3};
    check(setrlimit(RLIMIT_NOFILE, &few) == 0, "setrlimit");
    Liveness liveness;
    check(liveness.watch(4, child.id, own) == Watch::no_descriptor, "not told of");
  });
  EXPECT_TRUE(process.join());
}

}  // namespace
}  // namespace weft::shm
