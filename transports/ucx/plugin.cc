// The plugin, and its settings:
//   ucx.queue (WEFT_UCX_QUEUE)  puts that may be on their way to one peer (256)
#include <weft/transport.h>

#include <memory>
#include <stdexcept>

#include "base/transport_kit.h"
#include "transport.h"

namespace weft::ucx {
namespace {

using transport::Device;
using transport::OpenOptions;
using transport::Status;

// Opening UCX takes time and memory: where it is named.
constexpr int kPriority = -1;
constexpr long kDefaultQueue = 256;

int probe(Device* devices, int capacity, Status*) {
  if (capacity > 0) {
    devices[0] = {};
    devices[0].priority = kPriority;
  }
  return 1;
}

std::size_t queue_setting(const OpenOptions& options) {
  return static_cast<std::size_t>(
      transport::number_setting(options, "ucx.queue", 1, 65536, kDefaultQueue));
}

transport::Transport* open(const OpenOptions* options, Status* why) {
  try {
    auto opened = std::make_unique<Transport>(*options, queue_setting(*options));
    if (opened->status().ok()) return opened.release();
    *why = opened->status();
  } catch (const std::invalid_argument& error) {
    *why = Status::error(ErrorCode::invalid_argument, error.what());
  } catch (const std::exception& error) {
    *why = Status::error(ErrorCode::no_resources, error.what());
  }
  return nullptr;
}

void close(transport::Transport* transport) { delete transport; }

constexpr transport::Plugin kPlugin = {.abi_version = transport::kAbiVersion,
                                       .name = "ucx",
                                       .probe = probe,
                                       .open = open,
                                       .close = close,
                                       .inspect = nullptr};

}  // namespace
}  // namespace weft::ucx

extern "C" WEFT_API const weft::transport::Plugin* weft_transport_plugin() {
  return &weft::ucx::kPlugin;
}
