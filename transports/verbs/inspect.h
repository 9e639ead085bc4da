// What Plugin::inspect tells: devices, ports, addresses, what would be chosen and what is wrong.
#pragma once

#include <weft/transport.h>

#include <string>

#include "device.h"
#include "rails.h"

namespace weft::verbs {

struct Reporter {
  void* context = nullptr;
  void (*report)(void* context, const transport::Finding* finding) = nullptr;

  void tell(transport::Finding::Kind kind, const std::string& about, const std::string& text) const;
};

// The limit of locked memory; every device with its ports and their addresses; warnings about each.
void inspect_devices(const Reporter& reporter);

// What open() would take with these settings where the core proposes `proposed`, and what it leaves
// out.
void inspect_choice(const Settings& settings, const std::string& proposed,
                    const Reporter& reporter);

}  // namespace weft::verbs
