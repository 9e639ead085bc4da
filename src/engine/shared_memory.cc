#include "engine/shared_memory.h"

#include <algorithm>

#include "base/error.h"

namespace weft::engine {

SharedMemory::SharedMemory(const Transports& transports, std::size_t bytes, const char* call)
    : bytes_(bytes) {
  std::vector<const OpenTransport*> all;
  for (const OpenTransport& open : transports.all()) all.push_back(&open);
  std::stable_partition(all.begin(), all.end(), [](const OpenTransport* open) {
    return open->transport->capabilities().load_store;
  });
  for (const OpenTransport* open : all) {
    transport::LocalMemory memory;
    const transport::Status status = parts_.empty()
                                         ? open->transport->allocate(bytes, &memory)
                                         : open->transport->register_memory(data(), bytes, &memory);
    if (status.ok()) {
      parts_.emplace_back(open, memory);
    } else if (parts_.empty()) {
      fail(status.code, "{}: {} bytes over {}: {}", call, bytes, open->name, status.message);
    }
  }
}

SharedMemory::~SharedMemory() {
  for (auto part = parts_.rbegin(); part != parts_.rend(); ++part)
    part->first->transport->release(part->second);
}

std::vector<NamedKey> SharedMemory::keys() const {
  std::vector<NamedKey> keys;
  keys.reserve(parts_.size());
  for (const auto& [open, memory] : parts_) keys.push_back({open->name, memory.key});
  return keys;
}

}  // namespace weft::engine
