#include <weft/transport.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>

#include "base/descriptor.h"
#include "base/transport_kit.h"
#include "inspect.h"
#include "rails.h"
#include "transport.h"

namespace weft::verbs {
namespace {

using transport::Device;
using transport::Finding;
using transport::OpenOptions;
using transport::Status;

// Below load/store, above what has no device.
constexpr int kPriority = 50;

int probe(Device* devices, int capacity, Status* why) {
  try {
    std::string lacks;
    const auto names = usable_devices(&lacks);
    if (names.empty()) *why = Status::error(ErrorCode::unsupported, lacks.c_str());
    const int count = static_cast<int>(names.size());
    for (int i = 0; i < std::min(count, capacity); ++i) {
      const std::string& name = names[static_cast<std::size_t>(i)];
      devices[i] = {};
      std::snprintf(devices[i].name, sizeof(devices[i].name), "%s", name.c_str());
      devices[i].priority = kPriority;
      devices[i].numa_node = numa_node_of(name);
    }
    return count;
  } catch (const std::exception& error) {
    *why = Status::error(ErrorCode::no_resources, error.what());
    return 0;
  }
}

Settings settings(const OpenOptions& options) {
  const auto number = [&](const char* name, long least, long most, long otherwise) {
    return transport::number_setting(options, name, least, most, otherwise);
  };
  Settings s;
  if (const char* device = transport::text_setting(options, "verbs.device")) s.device = device;
  s.rails = static_cast<int>(number("verbs.rails", 1, kMaxRails, kMaxRails));
  s.port.port = static_cast<int>(number("verbs.port", 1, 255, -1));
  s.port.gid_index = static_cast<int>(number("verbs.gid_index", 0, 255, -1));
  QueueLimits& l = s.limits;
  l.sends = static_cast<std::uint32_t>(number("verbs.send_queue", 4, 8192, l.sends));
  l.receives = static_cast<std::uint32_t>(number("verbs.receive_queue", 2, 512, l.receives));
  l.inline_bytes = static_cast<std::uint32_t>(number("verbs.inline_bytes", 0, 464, l.inline_bytes));
  l.timeout = static_cast<std::uint8_t>(number("verbs.timeout", 1, 31, l.timeout));
  l.retries = static_cast<std::uint8_t>(number("verbs.retry_count", 0, 7, l.retries));
  l.rnr_timer = static_cast<std::uint8_t>(number("verbs.rnr_timer", 0, 31, l.rnr_timer));
  l.path.traffic_class = static_cast<int>(number("verbs.traffic_class", 0, 255, -1));
  l.path.service_level = static_cast<int>(number("verbs.service_level", 0, 15, -1));
  l.path.flow_label = static_cast<int>(number("verbs.flow_label", 0, 0xfffff, -1));
  l.path.global = s.port.gid_index >= 0;
  l.in_order = static_cast<int>(number("verbs.in_order", 0, 1, -1));
  s.port_grace = std::chrono::seconds(number("verbs.port_grace", 0, 86400, 30));
  s.first_entry = static_cast<std::uint64_t>(number("verbs.first_entry", 0, 1L << 62, 0));
  s.max_message = static_cast<std::uint64_t>(number("verbs.max_message", 64, 1L << 31, 0));
  return s;
}

transport::Transport* open(const OpenOptions* options, Status* why) {
  const StandardDescriptors taken;  // libibverbs opens devices and channels
  try {
    const Settings chosen = settings(*options);
    std::vector<std::string> left_out;
    auto devices = open_devices(chosen, options->device, &left_out, why);
    if (devices.empty()) return nullptr;
    for (const std::string& reason : left_out) {
      if (options->log != nullptr) options->log(options->context, ("verbs: " + reason).c_str());
    }
    std::vector<std::unique_ptr<Rail>> rails;
    for (auto& device : devices) {
      rails.push_back(std::make_unique<Rail>(std::move(device), chosen.limits,
                                             std::max(options->size - 1, 1), options->wakes));
      if (rails.back()->status().ok()) continue;
      *why = rails.back()->status();
      return nullptr;
    }
    static const SteadyClock clock;
    auto opened = std::make_unique<Transport>(*options, chosen, std::move(rails), clock);
    if (opened->status().ok()) return opened.release();
    *why = opened->status();
  } catch (const std::invalid_argument& error) {
    *why = Status::error(ErrorCode::invalid_argument, error.what());
  } catch (const std::exception& error) {
    *why = Status::error(ErrorCode::no_resources, error.what());
  }
  return nullptr;
}

void close(transport::Transport* transport) { delete transport; }

void inspect(const OpenOptions* options, void* context,
             void (*report)(void* context, const Finding* finding)) {
  const Reporter reporter{context, report};
  try {
    inspect_devices(reporter);
    inspect_choice(settings(*options), options->device, reporter);
  } catch (const std::exception& error) {
    reporter.tell(Finding::Kind::warning, "", error.what());
  }
}

constexpr transport::Plugin kPlugin = {.abi_version = transport::kAbiVersion,
                                       .name = "verbs",
                                       .probe = probe,
                                       .open = open,
                                       .close = close,
                                       .inspect = inspect};

}  // namespace
}  // namespace weft::verbs

extern "C" WEFT_API const weft::transport::Plugin* weft_transport_plugin() {
  return &weft::verbs::kPlugin;
}
