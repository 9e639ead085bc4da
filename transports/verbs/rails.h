// Which devices a rank uses side by side.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "settings.h"

namespace weft::verbs {

// Opens the devices that the user or else the core names, nearest first; none named: all that can
// be used. The first must open, and what the user names; further ones join it where they have its
// link layer and rate, up to settings.rails, and *left_out says why others do not. Empty and *why
// on failure.
std::vector<std::unique_ptr<Device>> open_devices(const Settings& settings,
                                                  const std::string& proposed,
                                                  std::vector<std::string>* left_out,
                                                  transport::Status* why);

}  // namespace weft::verbs
