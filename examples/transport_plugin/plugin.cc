// What the loader sees of the socket transport.
#include <exception>

#include "socket_transport.h"

namespace weft_socket {
namespace {

int probe(Device* devices, int capacity, Status*) {
  if (capacity > 0) {
    devices[0] = {};
    devices[0].priority = 10;  // below shared memory, which uses 100
  }
  return 1;
}

Transport* open(const OpenOptions* options, Status* why) {
  try {
    return new SocketTransport(*options);
  } catch (const std::exception& error) {
    *why = Status::error(ErrorCode::no_resources, error.what());
    return nullptr;
  }
}

void close(Transport* transport) { delete transport; }

constexpr Plugin kPlugin{kAbiVersion, "socket", probe, open, close, nullptr};

}  // namespace
}  // namespace weft_socket

extern "C" WEFT_API weft_transport_plugin_fn weft_transport_plugin;
extern "C" const weft::transport::Plugin* weft_transport_plugin() { return &weft_socket::kPlugin; }
