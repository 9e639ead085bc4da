// What the tuner answers.
#pragma once

#include <weft/preference.h>

#include "algorithms/registry.h"

namespace weft::tuner {

struct Choice {
  const algorithms::Algorithm* algorithm = nullptr;
  // packet or bulk; packet is a wish: what does not fit goes in bulk
  Protocol protocol = Protocol::bulk;
  int lanes = 1;
  friend bool operator==(const Choice&, const Choice&) = default;
};

}  // namespace weft::tuner
