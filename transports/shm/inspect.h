// What Plugin::inspect tells about shared memory.
#pragma once

#include <weft/transport.h>

namespace weft::shm {

void inspect(const transport::OpenOptions* options, void* context,
             void (*report)(void* context, const transport::Finding* finding));

}  // namespace weft::shm
