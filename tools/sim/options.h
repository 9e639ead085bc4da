// What a user of weft-sim says.
#pragma once

#include <weft/collective.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "memory/segment_layout.h"
#include "perf/common/size_options.h"
#include "tuner/fabric.h"

namespace weft::tools {

enum class Format : std::uint8_t { table, csv, json };

struct SimOptions {
  std::string collective;
  int hosts = 8;
  int ranks_per_host = 1;
  int packages = 1;
  int caches = 1;  // of a package
  int hosts_per_machine = 1;
  std::string fabric = "uniform";
  perf::SizeRange sizes = {.max_bytes = "1G", .factor = 4};
  int element_bytes = 4;
  int root = 0;
  std::string algorithms;
  int nics = 0;  // 0: one, or for rails one for each rank, at most 8
  double nic_gbps = 200;
  double latency_us = 1.1;
  double message_us = 0.25;
  int cores = 0;
  bool ideal_processors = false;
  int lanes = 0;  // 0: the better of one and two
  double switch_us = 1.2;
  double memory_gbps = 200;
  std::string shared_bytes;  // empty: 4M, or 16K for each rank
  double max_steps = 1e7;
  int jobs = 2;
  bool csv = false;
  bool json = false;

  int ranks() const { return hosts * ranks_per_host; }
};

void add_options(CLI::App& app, SimOptions& options);

// The following throw Error(invalid_argument) or std::invalid_argument that says what is wrong.
Collective collective_of(const SimOptions& options);
tuner::Fabric fabric_of(const SimOptions& options);
std::vector<std::size_t> sizes_of(const SimOptions& options);

struct Segment {
  std::size_t shared_bytes = 0;
  memory::SegmentLayout layout;
};
Segment segment_of(const SimOptions& options);

}  // namespace weft::tools
