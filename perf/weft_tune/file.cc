#include "perf/weft_tune/file.h"

#include <fmt/format.h>
#include <weft/version.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "base/config.h"
#include "tools/common/output.h"
#include "topology/cpu_model.h"

namespace weft::perf {
namespace {

tuner::Tuning read(const std::string& path) {
  tuner::Tuning tuning;
  if (std::filesystem::is_regular_file(path)) {  // reading a device or a pipe may never end
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    tuning = tuner::parse_tuning(text.str());
  }
  const std::string machine = topology::cpu_model();
  if (tuning.version != WEFT_VERSION || tuning.machine != machine) tuning = {};
  tuning.version = WEFT_VERSION;
  tuning.machine = machine;
  return tuning;
}

}  // namespace

std::string tuning_path(const std::string& named) {
  if (!named.empty()) return named;
  const Config config = resolve({});
  const std::string path =
      config.options.tuning.empty() ? config.default_tuning : config.options.tuning;
  if (path.empty())
    throw std::runtime_error("there is no home to keep a file in: name one by --file");
  return path;
}

void update_tuning(const std::string& path, const std::function<void(tuner::Tuning&)>& change) {
  tuner::Tuning tuning = read(path);
  change(tuning);
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder);
  programs::write_file(path, tuner::to_text(tuning));
}

}  // namespace weft::perf
