// The result, for people and for scripts; on standard output.
#pragma once

#include "options.h"
#include "sweep.h"

namespace weft::tools {

void print_table(const Sweep& sweep, const SimOptions& options);
void print_csv(const Sweep& sweep);
void print_json(const Sweep& sweep, const SimOptions& options);

}  // namespace weft::tools
