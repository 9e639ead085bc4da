// The memory the limits are measured on.
#pragma once

#include "perf/common/candidate.h"

#include <string_view>

namespace weft::perf {

enum class BufferMemory {
  plain,   // malloc
  shared,  // shared mappings, what processes that reach each other's memory have
  huge,    // private, in huge pages where the system grants them
};

// Throws std::invalid_argument.
BufferMemory parse_buffer_memory(std::string_view text);

// Page-aligned but for `plain`, every page touched. Throws std::bad_alloc.
Memory allocate_memory(BufferMemory kind, std::size_t bytes);

}  // namespace weft::perf
