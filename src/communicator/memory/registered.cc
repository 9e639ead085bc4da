#include "communicator/memory/registered.h"

namespace weft {

Registered::Registered(const executor::World& world, const void* address, std::size_t bytes,
                       const transport::Transport* but_for) {
  if (address == nullptr || bytes == 0) return;
  for (transport::Transport* transport : world.transports) {
    if (transport == but_for || transport->capabilities().load_store) continue;
    transport::LocalMemory memory;
    if (transport->register_memory(const_cast<void*>(address), bytes, &memory).ok())
      all_.emplace_back(transport, memory);
  }
}

Registered::~Registered() {
  for (const auto& [transport, memory] : all_) transport->release(memory);
}

}  // namespace weft
