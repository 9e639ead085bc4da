// How much memory there is to be had, before any of it is touched. Memory that is populated beyond
// what the machine or a control group has gets processes killed, this one or others; beyond
// RLIMIT_FSIZE it gets this process a deadly signal.
#pragma once

#include <sys/resource.h>
#include <weft/transport.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// One thing that memory is held against, as plain data.
struct MemoryLimit {
  std::string name;  // "the machine", "control group /job"
  std::uint64_t left = 0;
  std::string setting;  // what to change, and how
};

// Bytes that programs can still get, by the text of /proc/meminfo: MemAvailable and the free swap.
// Empty: it does not say.
std::optional<std::uint64_t> memory_left_in(std::string_view meminfo);

// The texts of a control group's files; empty ones are not there. Version 2: memory.max,
// memory.current, memory.stat, memory.swap.max, memory.swap.current. Version 1:
// memory.limit_in_bytes, memory.usage_in_bytes, memory.stat.
struct MemoryGroup {
  std::string limit;
  std::string usage;
  std::string stat;
  std::string swap_limit;
  std::string swap_usage;
};

// Bytes that the group's processes can still get: its limit less what it uses, where a cache of
// files counts as free, and the swap it may use (of `swap_free`). Empty: it has no limit.
std::optional<std::uint64_t> memory_left_in(const MemoryGroup& group, std::uint64_t swap_free);

// Where the above is read.
struct MemorySources {
  std::filesystem::path proc = "/proc";
  std::filesystem::path groups = "/sys/fs/cgroup";
};

// The machine and every control group with a limit that holds this process. What cannot be read
// limits nothing.
std::vector<MemoryLimit> memory_limits(const MemorySources& sources = {});

// What is going to be populated: pages of this process alone, or a file in memory that it maps.
enum class MemoryKind : std::uint8_t { anonymous, file };

// Of this process, in bytes (RLIM_INFINITY: none), and what of them is used where there is one.
struct ProcessLimits {
  rlim_t address_space = RLIM_INFINITY;
  rlim_t data = RLIM_INFINITY;
  rlim_t file_size = RLIM_INFINITY;
  std::uint64_t used_address_space = 0;
  std::uint64_t used_data = 0;
};

ProcessLimits process_limits(const MemorySources& sources = {});
std::vector<MemoryLimit> memory_limits(const ProcessLimits& process, MemoryKind kind);

// Error(no_resources) where a limit leaves less than `bytes`: how much was asked for (`asked`, of
// which `bytes` are yet to come), the tightest limit, what it leaves and which setting to change.
transport::Status check_memory(std::uint64_t bytes, std::uint64_t asked,
                               const std::vector<MemoryLimit>& limits);

// What an error of the system at making memory means: Error(no_resources) with what was asked for
// and the setting, or Error(internal). `what`: "mapping shared memory".
transport::Status memory_error(const char* what, std::uint64_t bytes, int code);

// "3000 MiB", "12 KiB".
std::string size_in_words(std::uint64_t bytes);

}  // namespace weft
