#include "topology/host.h"

#include <gtest/gtest.h>

#include <sched.h>

#include <algorithm>

namespace weft::topology {
namespace {

TEST(Host, it_has_cores_within_its_processors) {
  const Host host = probe_host();
  EXPECT_GE(host.cores, 1);
  EXPECT_GE(host.processors, host.cores);
  EXPECT_GE(host.numa_nodes, 1);
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  EXPECT_LE(host.processors, CPU_COUNT(&allowed));
}

TEST(Host, processes_of_one_machine_agree_about_it) {
  EXPECT_FALSE(probe_host().machine.empty());
  EXPECT_EQ(probe_host().machine, probe_host().machine);
}

TEST(Host, its_own_numa_nodes_are_near) {
  const Host host = probe_host();
  ASSERT_GE(host.numa_distances.size(), 1u);
  EXPECT_LE(*std::min_element(host.numa_distances.begin(), host.numa_distances.end()), 10u);
}

TEST(Host, a_bound_process_has_the_processors_it_is_bound_to) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  int first = 0;
  while (CPU_ISSET(first, &allowed) == 0) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  const Host host = probe_host();
  ASSERT_EQ(sched_setaffinity(0, sizeof allowed, &allowed), 0);
  EXPECT_EQ(host.processors, 1);
  EXPECT_EQ(host.cores, 1);
  EXPECT_EQ(host.numa_nodes, 1);
  EXPECT_EQ(host.l2_bytes, probe_host().l2_bytes);
}

}  // namespace
}  // namespace weft::topology
