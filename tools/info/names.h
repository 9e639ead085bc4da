// Numbers, sizes and lists as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "topology/host.h"

namespace weft::tools {

// "1 core", "2 cores".
std::string count_of(std::int64_t count, std::string_view word);

// "0-3,8,10-14:2" as taskset writes it, :2 for every second; the order stays.
std::string ranges(const std::vector<int>& numbers);

// "rank 3", "ranks 0-7".
std::string name_of_ranks(const std::vector<int>& ranks);

// "32 MiB", "1.5 MiB"; empty for 0.
std::string size_of(std::uint64_t bytes);

// "mlx5_0", or the interface of a device that is no RDMA device.
const std::string& name_of(const topology::Nic& nic);

}  // namespace weft::tools
