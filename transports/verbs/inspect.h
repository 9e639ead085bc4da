// What Plugin::inspect tells: devices, ports, addresses, what would be chosen and what is wrong.
#pragma once

#include <weft/transport.h>

#include <string>

#include "device.h"

namespace weft::verbs {

struct Reporter {
  void* context = nullptr;
  void (*report)(void* context, const transport::Finding* finding) = nullptr;

  void tell(transport::Finding::Kind kind, const std::string& about, const std::string& text) const;
};

// The limit of locked memory; every device with its ports and their addresses; warnings about each.
void inspect_devices(const Reporter& reporter);

// What open() would take where the user asks for `device` (empty: choose) and `wish`.
void inspect_choice(const std::string& device, const PortWish& wish, const Reporter& reporter);

}  // namespace weft::verbs
