// Memory of this process that all its transports can reach.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "engine/address.h"
#include "transport/transports.h"

namespace weft::engine {

class SharedMemory {
 public:
  // Zeroed. The first transport that maps memory allocates it, the others register it; those that
  // cannot do without. Outlived by the transports. Throws Error(no_resources).
  SharedMemory(const Transports& transports, std::size_t bytes, const char* call);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  std::byte* data() const { return static_cast<std::byte*>(parts_.front().second.address); }
  std::size_t bytes() const { return bytes_; }
  std::vector<NamedKey> keys() const;

 private:
  const std::size_t bytes_;
  std::vector<std::pair<const OpenTransport*, transport::LocalMemory>> parts_;
};

}  // namespace weft::engine
