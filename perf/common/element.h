// Single elements of any type, as doubles. Exact for the small integers the checks use.
#pragma once

#include <weft/types.h>

namespace weft::perf {

// Writes `value`, rounded to nearest even for f16 and bf16, to the element at `at` (any alignment).
void store_element(DataType type, void* at, double value);

// Reads the element at `at` (any alignment).
double load_element(DataType type, const void* at);

// Largest relative error of one correctly rounded operation, 0 for integers.
double relative_step(DataType type);

}  // namespace weft::perf
