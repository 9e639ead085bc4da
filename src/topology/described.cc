#include "topology/described.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/descriptor.h"
#include "base/error.h"
#include "topology/child.h"
#include "topology/extract.h"
#include "topology/load.h"
#include "topology/pack.h"
#include "topology/summary.h"

namespace weft::topology {
namespace {

constexpr std::string_view kSynthetic = "synthetic:";
constexpr std::size_t kMaxFile = std::size_t{16} << 20;
constexpr std::size_t kMaxSynthetic = 4096;     // characters
constexpr std::uint64_t kMaxObjects = 1 << 13;  // of the lowest level: hwloc takes a second
constexpr std::chrono::seconds kPatience{10};

// Opens regular files only, and without waiting: a FIFO or a device may never end.
std::string read_file(const std::string& path) {
  const int file = above_standard(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (file < 0) fail(ErrorCode::invalid_argument, "cannot be opened: {}", words_of_error(errno));
  struct stat about{};
  const bool regular = fstat(file, &about) == 0 && S_ISREG(about.st_mode);
  std::string text;
  char part[1 << 16];
  ssize_t got = regular ? 1 : 0;
  while (got > 0 && text.size() <= kMaxFile) {
    got = read(file, part, sizeof(part));
    if (got < 0 && errno == EINTR)
      got = 1;
    else if (got > 0)
      text.append(part, static_cast<std::size_t>(got));
  }
  const int problem = got < 0 ? errno : 0;
  close(file);
  if (!regular) fail(ErrorCode::invalid_argument, "is not a regular file");
  if (problem != 0) fail(ErrorCode::invalid_argument, "cannot be read: {}", std::strerror(problem));
  if (text.size() > kMaxFile)
    fail(ErrorCode::invalid_argument, "is larger than {} MiB", kMaxFile >> 20);
  return text;
}

// What no file of hwloc has, and parsers of XML have been led astray with.
void check_xml(const std::string& text) {
  if (text.empty()) fail(ErrorCode::invalid_argument, "is empty");
  if (text.find('\0') != std::string::npos)
    fail(ErrorCode::invalid_argument, "is no text: it holds zero bytes");
  if (text.find("<!ENTITY") != std::string::npos)
    fail(ErrorCode::invalid_argument, "declares XML entities, which no file of hwloc does");
  if (text.find("<topology") == std::string::npos && text.find("<root") == std::string::npos)
    fail(ErrorCode::invalid_argument, "is not an XML file of hwloc: it has no <topology>");
}

// hwloc would make any number of objects: counts the lowest level of "package:2 [numa] core:4".
void check_synthetic(std::string_view text) {
  if (text.size() > kMaxSynthetic)
    fail(ErrorCode::invalid_argument, "is longer than {} characters", kMaxSynthetic);
  std::uint64_t objects = 1;
  int depth = 0;  // of parentheses and brackets, which hold attributes
  for (std::size_t at = 0; at < text.size(); ++at) {
    depth += text[at] == '(' || text[at] == '[' ? 1 : text[at] == ')' || text[at] == ']' ? -1 : 0;
    const bool starts = at == 0 || text[at - 1] == ' ' || text[at - 1] == ':';
    if (depth != 0 || !starts || std::isdigit(static_cast<unsigned char>(text[at])) == 0) continue;
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(&text[at], text.data() + text.size(), count);
    if (error != std::errc{} || count > kMaxObjects ||
        (objects *= std::max<std::uint64_t>(count, 1)) > kMaxObjects)
      fail(ErrorCode::invalid_argument, "describes more than {} processors", kMaxObjects);
  }
}

// In the child. hwloc's own check of a topology aborts where something does not fit together.
std::vector<std::byte> load_and_pack(const std::string& text, bool synthetic) {
  setenv("HWLOC_XML_VERBOSE", "1", 1);  // its reasons go to standard error
  const Topology topology = synthetic ? load_synthetic(text) : load_xml(text);
  hwloc_topology_check(topology.get());
  Host host;
  extract(topology.get(), nullptr, host);
  return pack(host, Detail::all);
}

[[noreturn]] void explain(const Outcome& outcome) {
  const std::string reason = outcome.printed.empty() ? "" : ": " + outcome.printed;
  if (!outcome.error.empty()) fail(ErrorCode::invalid_argument, "{}{}", outcome.error, reason);
  if (outcome.late) {
    fail(ErrorCode::invalid_argument, "takes hwloc more than {} s", kPatience.count());
  }
  if (outcome.signal == SIGABRT)
    fail(ErrorCode::invalid_argument, "contradicts itself, hwloc says{}", reason);
  fail(ErrorCode::invalid_argument, "hwloc crashes on it (signal {}{})", outcome.signal, reason);
}

Host read_text(const std::string& text, bool synthetic) {
  if (synthetic) {
    check_synthetic(text);
  } else {
    check_xml(text);
  }
  const Outcome outcome = run_in_child([&] { return load_and_pack(text, synthetic); }, kPatience);
  if (!outcome.finished || !outcome.error.empty()) explain(outcome);
  return unpack(outcome.result);
}

}  // namespace

Host read_described(const std::string& source) {
  const bool synthetic = source.starts_with(kSynthetic);
  try {
    Host host = synthetic ? read_text(source.substr(kSynthetic.size()), true)
                          : read_text(read_file(source), false);
    summarize(host);
    return host;
  } catch (const Error& error) {
    fail(error.code(), "topology {}: {}", source, error.what());
  }
}

}  // namespace weft::topology
