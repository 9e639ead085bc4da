// Schedules as JSON, for scripts.
#pragma once

#include "schedule/schedule.h"

#include <nlohmann/json.hpp>

namespace weft::tools {

nlohmann::ordered_json to_json(const schedule::Schedule& schedule);

}  // namespace weft::tools
