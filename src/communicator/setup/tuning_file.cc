#include "communicator/setup/tuning_file.h"

#include <weft/version.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/cpu.h"
#include "base/error.h"
#include "topology/cpu_model.h"

namespace weft {
namespace {

constexpr std::uintmax_t kMostBytes = std::uintmax_t{16} << 20;

// Throws Error(invalid_argument).
std::string text_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    fail(ErrorCode::invalid_argument, "there is no such file");
  if (std::filesystem::file_size(path, error) > kMostBytes)
    fail(ErrorCode::invalid_argument, "it is larger than 16 MiB");
  std::ostringstream text;
  std::ifstream file(path);
  text << file.rdbuf();
  if (!file) fail(ErrorCode::invalid_argument, "it cannot be read");
  return text.str();
}

// Why a file does not count here; empty: it does.
std::string foreign(const tuner::Tuning& tuning) {
  if (tuning.version != WEFT_VERSION)
    return fmt::format("it is of weft {}, this is {}", tuning.version, WEFT_VERSION);
  const std::string machine = topology::cpu_model();
  if (tuning.machine != machine)
    return fmt::format("it was measured on '{}', this is '{}'", tuning.machine, machine);
  return {};
}

}  // namespace

std::string read_tuning(const Config& config, const Log& log) {
  const bool named = !config.options.tuning.empty();
  const std::string path = named ? config.options.tuning : config.default_tuning;
  std::error_code error;
  if (!named && (path.empty() || !std::filesystem::exists(path, error))) return {};
  try {
    std::string text = text_of(path);
    const std::string why = foreign(tuner::parse_tuning(text));
    if (why.empty()) {
      log.info("tuned by {}", path);
      return text;
    }
    log.warn("{} is not used: {}; run weft-tune again", path, why);
    return {};
  } catch (const Error& problem) {
    const std::string what = fmt::format("WEFT_TUNING={}: {}", path, problem.what());
    if (named) return "!" + what;
    log.warn("{} is not used: {}", path, problem.what());
    return {};
  }
}

tuner::Tuning use_tuning(const std::string& shared) {
  if (shared.empty()) return {};
  if (shared.starts_with('!')) fail(ErrorCode::invalid_argument, "{}", shared.substr(1));
  tuner::Tuning tuning = tuner::parse_tuning(shared);
  if (tuning.poll_pauses) set_poll_pauses(*tuning.poll_pauses);
  return tuning;
}

}  // namespace weft
