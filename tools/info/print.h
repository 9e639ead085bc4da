// The report as text for people and as JSON.
#pragma once

#include "report.h"

#include <nlohmann/json.hpp>

namespace weft::tools {

std::string to_text(const Report& report);

// Keys stay in this order: version, host, settings, plugins_from, transports, refused, problems,
// warnings (their number).
nlohmann::ordered_json to_json(const Report& report);

}  // namespace weft::tools
