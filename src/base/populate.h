// Memory that is there once a call returns: every page populated, or an error and nothing.
#pragma once

#include <weft/transport.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "base/memory_room.h"

namespace weft {

// Populates `bytes` part by part: `part(offset, bytes)` populates one and returns 0 or errno;
// offsets are whole pages. `limits()` is asked again and again, since other ranks of the host
// populate at the same time: in between no more is populated than a 64th of what is left, so that
// 64 of them take no more than there is before they notice. A part that a signal has interrupted is
// repeated by halves.
transport::Status populate(std::size_t bytes,
                           const std::function<std::vector<MemoryLimit>()>& limits,
                           const std::function<int(std::size_t offset, std::size_t bytes)>& part);

// Reserves the first `bytes` of a file in memory (memfd, tmpfs), zeroed. On an error the file keeps
// what it got; closing it gives that back.
transport::Status populate_file(int fd, std::size_t bytes);

// Maps that much zeroed memory of this process alone, for munmap; `bytes` are whole pages.
transport::Status map_populated(std::size_t bytes, std::byte** out);

}  // namespace weft
