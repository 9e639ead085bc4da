#include "connections/machines.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

topology::Host host_on(const std::string& machine, std::vector<int> cores, int quota = 0) {
  topology::Host host;
  host.machine = machine;
  host.core_ids = std::move(cores);
  host.quota = quota;
  return host;
}

TEST(Machines, processes_that_are_bound_to_different_cores_count_the_cores_of_all) {
  const Machines machines({host_on("a", {0}), host_on("a", {1}), host_on("a", {0, 1})});
  EXPECT_EQ(machines.processes("a"), 3);
  EXPECT_EQ(machines.least_cores(), 2);
  EXPECT_TRUE(machines.crowded("a"));
}

TEST(Machines, one_that_is_crowded_does_not_crowd_the_others) {
  const Machines machines({host_on("a", {0, 1}), host_on("b", {0}), host_on("b", {0})});
  EXPECT_FALSE(machines.crowded("a"));
  EXPECT_TRUE(machines.crowded("b"));
  EXPECT_TRUE(machines.any_crowded());
  EXPECT_EQ(machines.least_cores(), 1);
}

TEST(Machines, the_smallest_quota_counts) {
  const Machines machines(
      {host_on("a", {0, 1, 2, 3}), host_on("a", {0, 1, 2, 3}, 1), host_on("a", {0, 1, 2, 3}, 2)});
  EXPECT_EQ(machines.least_cores(), 1);
  EXPECT_TRUE(machines.any_crowded());
}

TEST(Machines, they_are_numbered_as_they_come) {
  EXPECT_EQ(machine_numbers({host_on("b", {0}), host_on("a", {0}), host_on("b", {0})}),
            (std::vector{0, 1, 0}));
}

}  // namespace
}  // namespace weft
