#include "topology/host.h"

#include <sched.h>

#include <algorithm>

#include "fixtures.h"

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

TEST(Host, its_cores_have_places) {
  const Host host = probe_host();
  ASSERT_FALSE(host.present.empty());
  EXPECT_EQ(host.node_distances.size(), host.nodes.size() * host.nodes.size());
  for (const Core& core : host.present) {
    EXPECT_GE(core.processors, core.allowed);
    EXPECT_GE(core.allowed, core.usable);
    const bool listed = std::ranges::count(host.core_ids, core.id) == 1;
    EXPECT_EQ(listed, core.usable > 0);
  }
}

TEST(Host, looking_for_devices_changes_nothing_else) {
  const Host host = probe_host({.devices = ProbeOptions::Devices::look});
  EXPECT_EQ(host.present, probe_host().present);
  EXPECT_EQ(host.numa_distances, probe_host().numa_distances);
}

TEST(Host, a_described_host_is_seen_from_the_cores_that_are_given) {
  const Host host = probe_host({.source = path_of("amd_ccx"), .cores = {40, 41}});
  EXPECT_EQ(host.core_ids, (std::vector<int>{40, 41}));
  EXPECT_EQ(host.numa_distances, (std::vector<std::uint64_t>{32, 10}));
}

TEST(Host, ranks_of_a_described_host_run_on_this_machine) {
  EXPECT_EQ(read_fixture("amd_ccx").machine, probe_host().machine);
}

TEST(Host, a_core_that_is_not_there_is_refused_with_the_source) {
  try {
    probe_host({.source = path_of("amd_ccx"), .cores = {64}});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("amd_ccx.xml: there is no core 64"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace weft::topology
