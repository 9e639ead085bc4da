// weft-perf pages: what pages of a KV cache take from one rank to another.
#pragma once

#include "perf/weft_perf/arguments.h"

namespace weft::perf {

// Writes 4,096 pages from the first rank to the second, as they lie and in random order, and beside
// it the same bytes by one large put, in turns. Returns the exit status.
int run_pages(const Arguments& arguments);

}  // namespace weft::perf
