#include "tools/common/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdio_ext.h>
#include <unistd.h>
#include <weft/version.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

namespace weft::programs {
namespace {

// Opened the wrong way round, so that reading from a closed standard input and writing to a closed
// standard output fail as they would have.
void open_standard_descriptors() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one.
    (void)open("/dev/null", descriptor == STDOUT_FILENO ? O_RDONLY : O_WRONLY);
  }
}

int complain(const std::string& program, const char* what) {
  (void)std::fprintf(stderr, "%s: %s\n", program.c_str(), what);
  return kExitError;
}

// Flushes standard output. Returns `status`, or kExitError after saying that output is lost.
int finish(const std::string& program, int status) {
  // A write that failed earlier left its mark and not its reason: try once more.
  const bool failed = std::ferror(stdout) != 0;
  errno = 0;
  if (failed) (void)std::fputc('\n', stdout);
  if (std::fflush(stdout) == 0 && !failed) return status;
  const std::string reason = errno != 0 ? std::strerror(errno) : "output was lost";
  // It is said once: what runs inside a guard may be guarded itself.
  __fpurge(stdout);
  std::clearerr(stdout);
  return complain(program, ("standard output: " + reason).c_str());
}

int run_body(CLI::App& app, int argc, char** argv, const std::function<int()>& body) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help, --version
    return app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    return complain(app.get_name(),
                    fmt::format("{}; see {} --help", error.what(), app.get_name()).c_str());
  }
  return body();
}

}  // namespace

int run(CLI::App& app, int argc, char** argv, const std::function<int()>& body) {
  open_standard_descriptors();
  app.set_version_flag("--version", "weft " WEFT_VERSION);
  return guard(app.get_name(), [&] { return run_body(app, argc, argv, body); });
}

int guard(const std::string& program, const std::function<int()>& body) {
  int status = kExitError;
  try {
    status = body();
  } catch (const std::exception& error) {
    // That standard output failed is told below, with the reason.
    if (std::ferror(stdout) == 0) status = complain(program, error.what());
  }
  return finish(program, status);
}

std::string joined(int argc, const char* const* argv) {
  return fmt::format("{}", fmt::join(argv, argv + argc, " "));
}

}  // namespace weft::programs
