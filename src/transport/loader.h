// Finds transports: the built-in ones and plugins on the plugin path.
#pragma once

#include <weft/transport.h>

#include "base/log.h"

#include <memory>
#include <string>
#include <vector>

namespace weft::transport {

// A plugin that is loaded; the shared object stays loaded while any copy of `library` lives (null
// for a built-in one).
struct LoadedPlugin {
  const Plugin* plugin = nullptr;
  std::shared_ptr<void> library;
  std::string origin;  // "built in" or the file's path
};

// A plugin that could not be used, and why; for messages and weft-info.
struct RefusedPlugin {
  std::string origin;
  ErrorCode code = ErrorCode::ok;
  std::string reason;
};

struct PluginSet {
  std::vector<LoadedPlugin> loaded;
  std::vector<RefusedPlugin> refused;
};

// Built-in transports first, then every "libweft_*.so" in the folders, and every file, of
// `plugin_path` (colon-separated; empty: default_plugin_folder()). A file named explicitly
// that cannot be used throws (abi_mismatch with both versions, or unsupported); one that was only
// found in a folder is refused with a warning. The first of two plugins with one name wins.
PluginSet load_plugins(const std::string& plugin_path, const Log& log);

// The folder `weft` beside the library, else the one that `meson install` puts plugins into; empty
// where there is none.
std::string default_plugin_folder();

// The transports linked into libweft, from a list that the build generates; the core names none.
std::vector<const Plugin*> builtin_plugins();

// The folder that `meson install` puts plugins into.
const char* installed_plugin_folder();

}  // namespace weft::transport
