#include <weft/transport.h>

#include <charconv>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

#include "inspect.h"
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
    // One device for now: the first that can be used.
    if (!names.empty() && capacity > 0) {
      devices[0] = {};
      std::snprintf(devices[0].name, sizeof(devices[0].name), "%s", names[0].c_str());
      devices[0].priority = kPriority;
      devices[0].numa_node = numa_node_of(names[0]);
    }
    return names.empty() ? 0 : 1;
  } catch (const std::exception& error) {
    *why = Status::error(ErrorCode::no_resources, error.what());
    return 0;
  }
}

// A number among the settings. Throws std::invalid_argument with the setting's name.
long number(const OpenOptions& options, const char* name, long least, long most, long otherwise) {
  const char* text = options.setting != nullptr ? options.setting(options.context, name) : nullptr;
  if (text == nullptr) return otherwise;
  long value = 0;
  const char* end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, value);
  if (error == std::errc{} && stopped == end && value >= least && value <= most) return value;
  throw std::invalid_argument(std::string("the setting ") + name + " must be a number from " +
                              std::to_string(least) + " to " + std::to_string(most) + ", not \"" +
                              text + '"');
}

Settings settings(const OpenOptions& options) {
  Settings s;
  s.port.port = static_cast<int>(number(options, "verbs.port", 1, 255, -1));
  s.port.gid_index = static_cast<int>(number(options, "verbs.gid_index", 0, 65535, -1));
  QueueLimits& l = s.limits;
  l.sends = static_cast<std::uint32_t>(number(options, "verbs.send_queue", 4, 8192, l.sends));
  l.receives =
      static_cast<std::uint32_t>(number(options, "verbs.receive_queue", 2, 8192, l.receives));
  l.inline_bytes =
      static_cast<std::uint32_t>(number(options, "verbs.inline_bytes", 64, 464, l.inline_bytes));
  l.timeout = static_cast<std::uint8_t>(number(options, "verbs.timeout", 1, 31, l.timeout));
  l.retries = static_cast<std::uint8_t>(number(options, "verbs.retry_count", 0, 7, l.retries));
  l.rnr_timer = static_cast<std::uint8_t>(number(options, "verbs.rnr_timer", 0, 31, l.rnr_timer));
  l.traffic_class = static_cast<int>(number(options, "verbs.traffic_class", 0, 255, -1));
  l.service_level = static_cast<int>(number(options, "verbs.service_level", 0, 15, -1));
  s.max_message = static_cast<std::uint64_t>(number(options, "verbs.max_message", 64, 1L << 31, 0));
  return s;
}

transport::Transport* open(const OpenOptions* options, Status* why) {
  try {
    const char* wanted =
        options->setting != nullptr ? options->setting(options->context, "verbs.device") : nullptr;
    std::string name = wanted != nullptr ? wanted : options->device;
    std::string lacks;
    if (name.empty()) {
      const auto names = usable_devices(&lacks);
      if (names.empty()) {
        *why = Status::error(ErrorCode::unsupported, lacks.c_str());
        return nullptr;
      }
      name = names[0];
    }
    const Settings chosen = settings(*options);
    auto device = open_device(name, chosen.port, why);
    if (device == nullptr) return nullptr;
    auto opened = std::make_unique<Transport>(*options, chosen, std::move(device));
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
    const char* wanted =
        options->setting != nullptr ? options->setting(options->context, "verbs.device") : nullptr;
    inspect_devices(reporter);
    inspect_choice(wanted != nullptr ? wanted : "", settings(*options).port, reporter);
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
