#include "transport/loader.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "base/descriptor.h"
#include "base/error.h"

namespace weft::transport {
namespace {

namespace fs = std::filesystem;

std::string last_dl_error() {
  const char* text = dlerror();
  return text != nullptr ? text : "unknown error";
}

// Throws Error(abi_mismatch or unsupported) that names the file.
void check_plugin(const Plugin* plugin, const std::string& file) {
  if (plugin == nullptr) {
    fail(ErrorCode::unsupported, "{}: " WEFT_TRANSPORT_PLUGIN_SYMBOL "() returned null", file);
  }
  // First, because with another version nothing behind this member can be trusted.
  if (plugin->abi_version != kAbiVersion) {
    fail(ErrorCode::abi_mismatch,
         "{}: built for transport ABI version {}, this weft has version {}; rebuild the plugin "
         "against this weft's headers",
         file, plugin->abi_version, kAbiVersion);
  }
  if (plugin->name == nullptr || *plugin->name == '\0' || plugin->probe == nullptr ||
      plugin->open == nullptr || plugin->close == nullptr) {
    fail(ErrorCode::unsupported, "{}: incomplete plugin: name, probe, open and close must be set",
         file);
  }
}

LoadedPlugin load_file(const std::string& file) {
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const std::string why = last_dl_error();
    if (why.find(std::strerror(EMFILE)) == std::string::npos)
      fail(ErrorCode::unsupported, "{}: cannot be loaded: {}", file, why);
    fail(ErrorCode::no_resources, "{}: cannot be loaded: {}", file, words_of_error(EMFILE));
  }
  std::shared_ptr<void> library(handle, [](void* h) { dlclose(h); });
  void* symbol = dlsym(handle, WEFT_TRANSPORT_PLUGIN_SYMBOL);
  if (symbol == nullptr) {
    fail(ErrorCode::unsupported,
         "{}: no transport plugin: it does not export " WEFT_TRANSPORT_PLUGIN_SYMBOL, file);
  }
  const Plugin* plugin = reinterpret_cast<weft_transport_plugin_fn*>(symbol)();
  check_plugin(plugin, file);
  return {plugin, std::move(library), file};
}

// Adds the plugin, or refuses it where an earlier one has its name.
void add(LoadedPlugin plugin, PluginSet& set, const Log& log) {
  const std::string_view name = plugin.plugin->name;
  const auto same = std::find_if(set.loaded.begin(), set.loaded.end(),
                                 [&](const LoadedPlugin& p) { return name == p.plugin->name; });
  if (same == set.loaded.end()) {
    log.debug("transport {}: {}", name, plugin.origin);
    set.loaded.push_back(std::move(plugin));
    return;
  }
  std::string reason = fmt::format("transport {} is already there ({})", name, same->origin);
  log.info("{}: ignored: {}", plugin.origin, reason);
  set.refused.push_back({plugin.origin, ErrorCode::invalid_argument, std::move(reason)});
}

bool is_plugin_name(const std::string& name) {
  return name.starts_with("libweft_") && name.ends_with(".so");
}

void load_folder(const fs::path& folder, PluginSet& set, const Log& log) {
  std::error_code error;
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (is_plugin_name(entry.path().filename().string())) files.push_back(entry.path().string());
  }
  if (error) {
    fail(ErrorCode::unsupported, "plugin folder {}: {}", folder.string(), error.message());
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    try {
      add(load_file(file), set, log);
    } catch (const Error& refused) {
      log.warn("transport plugin refused: {}", refused.what());
      set.refused.push_back({file, refused.code(), refused.what()});
    }
  }
}

void load_entry(const std::string& entry, PluginSet& set, const Log& log) {
  std::error_code ignored;
  if (fs::is_directory(entry, ignored)) {
    load_folder(entry, set, log);
  } else if (fs::exists(entry, ignored)) {
    // dlopen searches the system's folders for a name without a slash.
    add(load_file(fs::absolute(entry).string()), set, log);
  } else {
    fail(ErrorCode::unsupported, "plugin path: {}: no such file or folder", entry);
  }
}

// Where this code was loaded from: libweft, or a program that it is linked into.
fs::path own_folder() {
  Dl_info info{};
  link_map* object = nullptr;
  if (dladdr1(reinterpret_cast<const void*>(&own_folder), &info, reinterpret_cast<void**>(&object),
              RTLD_DL_LINKMAP) == 0 ||
      info.dli_fname == nullptr) {
    return {};
  }
  std::error_code ignored;
  // The program itself has no name in the list of loaded objects, and `dli_fname` is what it was
  // called by: without a folder where PATH found it.
  if (object != nullptr && *object->l_name == '\0') {
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
    if (!program.empty()) return program.parent_path();
  }
  return fs::absolute(info.dli_fname, ignored).parent_path();
}

}  // namespace

std::string default_plugin_folder() {
  // Beside the library first: that is where they are in a build folder, and in an installation that
  // was moved.
  std::error_code ignored;
  for (const fs::path& folder : {own_folder() / "weft", fs::path(installed_plugin_folder())}) {
    if (fs::is_directory(folder, ignored)) return folder.string();
  }
  return {};
}

PluginSet load_plugins(const std::string& plugin_path, const Log& log) {
  PluginSet set;
  for (const Plugin* plugin : builtin_plugins()) add({plugin, nullptr, "built in"}, set, log);
  if (plugin_path.empty()) {
    const std::string folder = default_plugin_folder();
    if (!folder.empty()) load_folder(folder, set, log);
    return set;
  }
  for (std::string_view rest = plugin_path; !rest.empty();) {
    const std::string entry(rest.substr(0, rest.find(':')));
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
    if (!entry.empty()) load_entry(entry, set, log);
  }
  return set;
}

}  // namespace weft::transport
