// What the contract suite runs against.
#include <gtest/gtest.h>

#include <stdexcept>

#include "transport/loader.h"
#include "world.h"

namespace weft::contract {
namespace {

// Loaded once and kept: the tests hold pointers into the plugins.
const Plugin* plugin(const std::string& name) {
  static const transport::PluginSet set =
      transport::load_plugins(SOCKET_PLUGIN, Log(LogLevel::warn, "contract"));
  for (const transport::LoadedPlugin& loaded : set.loaded) {
    if (loaded.plugin->name == name) return loaded.plugin;
  }
  throw std::runtime_error("no transport is named " + name);
}

}  // namespace

std::vector<Subject> all_subjects() {
  const Plugin* shm = plugin("shm");
  const Plugin* sim = plugin("sim");
  const Plugin* socket = plugin("socket");
  constexpr bool kProcesses = true;
  constexpr bool kThreads = false;
  constexpr bool kDecorated = true;
  return {
      {"shm_threads", shm, {}, kThreads, false},
      {"shm_processes", shm, {}, kProcesses, false},
      {"shm_posix_processes", shm, {{"shm.backing", "posix"}}, kProcesses, false},
      {"shm_decorated", shm, {}, kThreads, kDecorated},
      {"shm_held_back", shm, {}, kThreads, kDecorated, 5},
      {"sim", sim, {}, kThreads, false},
      {"sim_mapped", sim, {{"sim.load_store", "1"}}, kThreads, false},
      {"sim_unordered", sim, {{"sim.ordered", "0"}, {"sim.seed", "7"}}, kThreads, false},
      {"sim_small", sim, {{"sim.queue", "4"}, {"sim.max_message", "4096"}}, kThreads, false},
      {"sim_decorated", sim, {}, kThreads, kDecorated},
      {"socket_threads", socket, {}, kThreads, false},
      {"socket_processes", socket, {}, kProcesses, false},
      {"socket_decorated", socket, {}, kProcesses, kDecorated},
  };
}

}  // namespace weft::contract
