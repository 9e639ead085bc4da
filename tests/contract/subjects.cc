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
      transport::load_plugins(PLUGINS, Log(LogLevel::warn, "contract"));
  for (const transport::LoadedPlugin& loaded : set.loaded) {
    if (loaded.plugin->name == name) return loaded.plugin;
  }
  throw std::runtime_error("no transport is named " + name);
}

// Where there is an RDMA device: in the machines of tests/soft_roce.
void add_verbs([[maybe_unused]] std::vector<Subject>* subjects) {
#ifdef VERBS
  const Plugin* verbs = plugin("verbs");
  transport::Device device;
  Status why;
  if (verbs->probe(&device, 1, &why) == 0) return;
  // On all devices, where there are several.
  subjects->push_back({"verbs_threads", verbs, {}, false, false});
  subjects->push_back({"verbs_processes", verbs, {}, true, false});
  subjects->push_back({"verbs_decorated", verbs, {}, true, true});
  const std::pair<const std::string, std::string> one{"verbs.device", device.name};
  subjects->push_back({"verbs_one_rail", verbs, {one}, true, false});
  subjects->push_back({"verbs_in_order", verbs, {one, {"verbs.in_order", "1"}}, true, false});
  // A device that takes nothing inline, and rings whose flags begin anew after a few entries.
  subjects->push_back({"verbs_no_inline", verbs, {{"verbs.inline_bytes", "0"}}, true, false});
  const std::pair<const std::string, std::string> late{"verbs.first_entry", "4294967290"};
  subjects->push_back({"verbs_late_entries", verbs, {late}, true, false});
  subjects->push_back({"verbs_wakes", verbs, {}, true, false, 0, true});
  // Queues that are always full.
  const std::map<std::string, std::string> small{
      {"verbs.send_queue", "8"}, {"verbs.receive_queue", "2"}, {"verbs.max_message", "4096"}};
  subjects->push_back({"verbs_small", verbs, small, true, false});
  subjects->push_back({"verbs_small_wakes", verbs, small, true, false, 0, true});
#endif
}

// Over what UCX_TLS names; see meson.build.
void add_ucx([[maybe_unused]] std::vector<Subject>* subjects) {
#ifdef UCX
  const Plugin* ucx = plugin("ucx");
  subjects->push_back({"ucx_threads", ucx, {}, false, false});
  subjects->push_back({"ucx_processes", ucx, {}, true, false});
  subjects->push_back({"ucx_decorated", ucx, {}, true, true});
  subjects->push_back({"ucx_wakes", ucx, {}, true, false, 0, true});
  subjects->push_back({"ucx_small", ucx, {{"ucx.queue", "2"}}, true, false});
#endif
}

}  // namespace

std::vector<Subject> all_subjects() {
  const Plugin* shm = plugin("shm");
  const Plugin* sim = plugin("sim");
  const Plugin* socket = plugin("socket");
  constexpr bool kProcesses = true;
  constexpr bool kThreads = false;
  constexpr bool kDecorated = true;
  std::vector<Subject> subjects{
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
  add_verbs(&subjects);
  add_ucx(&subjects);
  return subjects;
}

}  // namespace weft::contract
