#include "shm/process.h"

#include <gtest/gtest.h>

#include "around.h"

namespace weft::shm {
namespace {

// A process that lives until the test ends it, and says who it is.
class Child {
 public:
  Child()
      : process_([](SideChannel& line) {
          line.send(bytes_of(own_process()));
          line.hear();
        }),
        id_(value_in<ProcessId>(process_.line().receive())) {}
  const ProcessId& id() const { return id_; }
  void end() { process_.signal(SIGKILL); }

 private:
  OtherProcess process_;
  ProcessId id_;
};

TEST(Process, knows_who_and_where_it_is) {
  const ProcessId own = own_process();
  EXPECT_EQ(own.identity, process_identity());
  EXPECT_EQ(own.pid, getpid());
  EXPECT_NE(own.host, 0u);
  EXPECT_NE(own.pid_namespace, 0u);
  EXPECT_NE(own.user_namespace, 0u);
  EXPECT_EQ(own.start_time, start_time_of(getpid()));
}

TEST(Process, a_forked_child_is_another_one) {
  const Child child;
  const ProcessId own = own_process();
  EXPECT_FALSE(same_process(child.id(), own));
  EXPECT_TRUE(shares_pids(child.id(), own));
}

TEST(Fate, of_a_process_that_runs_and_of_one_that_has_ended) {
  const ProcessId own = own_process();
  Child child;
  EXPECT_EQ(fate_of(own, own), Fate::running);
  EXPECT_EQ(fate_of(child.id(), own), Fate::running);
  child.end();
  EXPECT_EQ(fate_of(child.id(), own), Fate::gone);
}

TEST(Fate, a_later_process_with_the_same_pid_is_another_one) {
  const Child child;
  ProcessId earlier = child.id();
  earlier.start_time -= 1;
  EXPECT_EQ(fate_of(earlier, own_process()), Fate::gone);
}

TEST(Fate, who_is_in_another_namespace_is_unknown_and_not_gone) {
  const ProcessId own = own_process();
  Child child;
  ProcessId elsewhere = child.id();
  elsewhere.pid_namespace += 1;
  EXPECT_EQ(fate_of(elsewhere, own), Fate::unknown);
  // Of another container, with this very pid and start.
  ProcessId twin = own;
  twin.identity.low += 1;
  twin.pid_namespace += 1;
  EXPECT_FALSE(same_process(twin, own));
  EXPECT_EQ(fate_of(twin, own), Fate::unknown);
  // Its start time is shifted, so that it says nothing.
  ProcessId later = child.id();
  later.time_namespace += 1;
  later.start_time += 12345;
  EXPECT_EQ(fate_of(later, own), Fate::unknown);
  child.end();
  EXPECT_EQ(fate_of(elsewhere, own), Fate::unknown);
  EXPECT_EQ(fate_of(later, own), Fate::gone) << "there is nobody with this pid";
}

TEST(Process, a_proc_of_another_namespace_tells_nothing) {
  ROOT_ONLY();
  OtherProcess outside([](SideChannel&) {
    in_own_pid_namespace([] {
      const ProcessId own = own_process();
      check(own.pid == 1 && own.pid_namespace == 0, "/proc taken for its own");
      check(!shares_pids(own, own), "an unknown namespace is nobody's");
      check(fate_of(own, own) == Fate::running, "itself");
    });
  });
  EXPECT_TRUE(outside.join());
}

TEST(Process, files_are_shown_until_privileges_are_given_up) {
  ROOT_ONLY();
  OtherProcess outside([](SideChannel&) {
    become_ordinary();
    OtherProcess peer([](SideChannel& line) {
      line.send(bytes_of(own_process()));
      line.hear();
      prctl(PR_SET_DUMPABLE, 0);
      line.tell();
      line.hear();
    });
    const auto id = value_in<ProcessId>(peer.line().receive());
    check(shows_its_files(), "an ordinary process");
    check(may_open_files_of(id) == 0, "an ordinary peer");
    peer.line().tell();
    peer.line().hear();
    check(may_open_files_of(id) == EACCES, "a peer that is not to be looked at");
    check(fate_of(id, own_process()) == Fate::running, "its end is still to be noticed");
    peer.line().tell();
    check(peer.join(), "the peer");
    prctl(PR_SET_DUMPABLE, 0);
    check(!shows_its_files(), "without privileges");
  });
  EXPECT_TRUE(outside.join());
}

}  // namespace
}  // namespace weft::shm
