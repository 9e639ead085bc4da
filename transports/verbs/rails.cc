#include "rails.h"

#include <fmt/format.h>

#include "base/names.h"

namespace weft::verbs {

using transport::Status;

namespace {

// In units of an unknown size: lanes times their speed.
int rate_of(const Device& device) {
  const ibv_port_attr& port = device.attributes;
  const int width = port.active_width == 1   ? 1
                    : port.active_width == 2 ? 4
                    : port.active_width == 4 ? 8
                    : port.active_width == 8 ? 12
                                             : 2;
  return width * port.active_speed;
}

// Why a device does not stand beside the first; empty: it does. What the user names may be slower.
std::string difference(const Device& first, const Device& other, bool asked) {
  if (first.attributes.link_layer != other.attributes.link_layer)
    return fmt::format("{} is not used beside {}: another link layer", other.name, first.name);
  if (!asked && rate_of(first) != rate_of(other))
    return fmt::format("{} is not used beside {}: another rate", other.name, first.name);
  return "";
}

}  // namespace

std::vector<std::unique_ptr<Device>> open_devices(const Settings& settings,
                                                  const std::string& proposed,
                                                  std::vector<std::string>* left_out, Status* why) {
  const bool asked = !settings.device.empty();
  std::vector<std::string> names = names_in(asked ? settings.device : proposed);
  std::erase(names, "");
  std::string lacks;
  if (names.empty()) names = usable_devices(&lacks);
  if (names.empty()) *why = Status::error(ErrorCode::unsupported, lacks.c_str());
  std::vector<std::unique_ptr<Device>> devices;
  for (const std::string& name : names) {
    if (devices.size() == static_cast<std::size_t>(settings.rails)) break;
    Status status;
    auto device = open_device(name, settings.port, &status);
    // What the user names must work.
    if (device == nullptr && (devices.empty() || asked)) {
      *why = status;
      return {};
    }
    const std::string unlike = device == nullptr ? std::string(status.message)
                               : devices.empty() ? ""
                                                 : difference(*devices[0], *device, asked);
    if (unlike.empty()) {
      devices.push_back(std::move(device));
    } else if (asked) {
      *why = Status::error(ErrorCode::invalid_argument,
                           ("WEFT_VERBS_DEVICE=" + settings.device + ": " + unlike).c_str());
      return {};
    } else {
      left_out->push_back(unlike);
    }
  }
  return devices;
}

}  // namespace weft::verbs
