#include "base/memory_room.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <sstream>

#include "base/cgroup.h"
#include "base/descriptor.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using transport::Status;

constexpr std::uint64_t kNone = ~std::uint64_t{0};
// Version 1 writes "no limit" as the largest multiple of a page.
constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 60;

std::string text_in(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return std::move(text).str();
}

// The number at the start of a text; empty: there is none ("max").
std::optional<std::uint64_t> number_at(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

// The number behind a name at the start of a line: "MemAvailable:   123 kB", "inactive_file 123".
std::optional<std::uint64_t> number_of(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(name)) continue;
    const std::string_view rest = line.substr(name.size());
    if (rest.starts_with(' ') || rest.starts_with(':'))
      return number_at(rest.substr(rest.starts_with(':') ? 1 : 0));
  }
  return std::nullopt;
}

std::uint64_t difference(std::uint64_t all, std::uint64_t used) {
  return all > used ? all - used : 0;
}

// A cache of files, which gives way. Version 1 has the sums over the groups below under "total_".
std::uint64_t reclaimable(std::string_view stat) {
  const bool sums = number_of(stat, "total_inactive_file").has_value();
  std::uint64_t bytes = number_of(stat, "slab_reclaimable").value_or(0);
  for (const char* name : {"inactive_file", "active_file"})
    bytes += number_of(stat, fmt::format("{}{}", sums ? "total_" : "", name)).value_or(0);
  return bytes;
}

std::uint64_t swap_free_in(std::string_view meminfo) {
  return number_of(meminfo, "SwapFree").value_or(0) * 1024;
}

// The end of a long path tells more than its beginning.
std::string shortened(std::string path) {
  constexpr std::size_t kMost = 40;
  if (path.size() > kMost) path.replace(0, path.size() - kMost, "...");
  return path;
}

// A 64th goes to what the kernel needs for the pages of others: their tables at whoever maps them.
std::uint64_t usable(std::uint64_t left) { return left - left / 64; }

void add_group(const fs::path& folder, const fs::path& mount, std::uint64_t swap_free,
               std::vector<MemoryLimit>& limits) {
  const auto read = [&](const char* name) { return text_in(folder / name); };
  const bool first_version = !read("memory.limit_in_bytes").empty();
  MemoryGroup group;
  group.limit = read(first_version ? "memory.limit_in_bytes" : "memory.max");
  if (!number_at(group.limit)) return;  // most have none, and the kernel adds up for the others
  group.usage = read(first_version ? "memory.usage_in_bytes" : "memory.current");
  group.stat = read("memory.stat");
  group.swap_limit = read("memory.swap.max");
  group.swap_usage = read("memory.swap.current");
  const auto left = memory_left_in(group, swap_free);
  if (!left) return;
  const std::string path = fmt::format("/{}", folder.lexically_relative(mount).string());
  limits.push_back({fmt::format("control group {}", path == "/." ? "/" : shortened(path)),
                    usable(*left),
                    fmt::format("raise its {} (docker run --memory)",
                                first_version ? "memory.limit_in_bytes" : "memory.max")});
}

}  // namespace

std::optional<std::uint64_t> memory_left_in(std::string_view meminfo) {
  const auto available = number_of(meminfo, "MemAvailable");
  if (!available) return std::nullopt;
  return *available * 1024 + swap_free_in(meminfo);
}

std::optional<std::uint64_t> memory_left_in(const MemoryGroup& group, std::uint64_t swap_free) {
  const auto limit = number_at(group.limit);
  const auto usage = number_at(group.usage);
  if (!limit || !usage || *limit >= kUnlimited) return std::nullopt;
  const std::uint64_t cache = std::min(reclaimable(group.stat), *usage);
  // Without the files of swap, none is counted on.
  const std::uint64_t swap_limit =
      group.swap_limit.empty() ? 0 : number_at(group.swap_limit).value_or(kNone);
  const std::uint64_t swap =
      std::min(difference(swap_limit, number_at(group.swap_usage).value_or(0)), swap_free);
  return difference(*limit, *usage - cache) + swap;
}

std::vector<MemoryLimit> memory_limits(const MemorySources& sources) {
  std::vector<MemoryLimit> limits;
  const std::string meminfo = text_in(sources.proc / "meminfo");
  if (const auto left = memory_left_in(meminfo))
    limits.push_back(
        {"the machine", usable(*left), "end other programs or use fewer ranks per host"});
  const std::string membership = text_in(sources.proc / "self/cgroup");
  for (const fs::path& folder : control_groups(membership, sources.groups, "memory"))
    add_group(folder, sources.groups, swap_free_in(meminfo), limits);
  return limits;
}

ProcessLimits process_limits(const MemorySources& sources) {
  ProcessLimits limits;
  const auto limit_of = [](auto resource) {
    rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
    getrlimit(resource, &limit);
    return limit.rlim_cur;
  };
  limits.address_space = limit_of(RLIMIT_AS);
  limits.data = limit_of(RLIMIT_DATA);
  limits.file_size = limit_of(RLIMIT_FSIZE);
  if (limits.address_space == RLIM_INFINITY && limits.data == RLIM_INFINITY) return limits;
  const std::string status = text_in(sources.proc / "self/status");
  limits.used_address_space = number_of(status, "VmSize").value_or(0) * 1024;
  limits.used_data = number_of(status, "VmData").value_or(0) * 1024;
  return limits;
}

std::vector<MemoryLimit> memory_limits(const ProcessLimits& process, MemoryKind kind) {
  std::vector<MemoryLimit> limits;
  const auto add = [&](const char* name, rlim_t limit, std::uint64_t used, const char* option) {
    if (limit == RLIM_INFINITY) return;
    limits.push_back({name, difference(limit, used), fmt::format("raise it (ulimit {})", option)});
  };
  add("RLIMIT_AS", process.address_space, process.used_address_space, "-v");
  if (kind == MemoryKind::anonymous) add("RLIMIT_DATA", process.data, process.used_data, "-d");
  if (kind == MemoryKind::file) add("RLIMIT_FSIZE", process.file_size, 0, "-f");
  return limits;
}

Status check_memory(std::uint64_t bytes, std::uint64_t asked,
                    const std::vector<MemoryLimit>& limits) {
  const auto tightest = std::ranges::min_element(limits, {}, &MemoryLimit::left);
  if (tightest == limits.end() || tightest->left >= bytes) return {};
  const std::uint64_t had = asked - bytes;
  return Status::error(ErrorCode::no_resources,
                       fmt::format("{} of memory asked for, {} has {}: {}, or ask for less "
                                   "(WEFT_SHARED_BYTES, allocate)",
                                   size_in_words(asked), tightest->name,
                                   size_in_words(tightest->left + had), tightest->setting)
                           .c_str());
}

Status memory_error(const char* what, std::uint64_t bytes, int code) {
  const auto error = [&](ErrorCode kind, const std::string& why) {
    return Status::error(kind,
                         fmt::format("{} of {}: {}", what, size_in_words(bytes), why).c_str());
  };
  if (code == EAGAIN) {
    // Memory that is locked as it is mapped: mlockall(MCL_FUTURE).
    rlimit limit{};
    getrlimit(RLIMIT_MEMLOCK, &limit);
    return error(ErrorCode::no_resources,
                 fmt::format("all memory is locked, up to {}: raise RLIMIT_MEMLOCK (ulimit -l)",
                             size_in_words(limit.rlim_cur)));
  }
  const bool resources = code == ENOMEM || code == ENOSPC || code == EDQUOT || code == EFBIG ||
                         code == EMFILE || code == ENFILE;
  return error(resources ? ErrorCode::no_resources : ErrorCode::internal, words_of_error(code));
}

std::string size_in_words(std::uint64_t bytes) {
  return bytes >> 20 != 0 ? fmt::format("{} MiB", bytes >> 20)
                          : fmt::format("{} KiB", (bytes + 1023) >> 10);
}

}  // namespace weft
