#include "inspect.h"
#include "transport.h"

#include <cstring>
#include <new>
#include <optional>

namespace weft::shm {
namespace {

int probe(transport::Device* devices, int capacity, transport::Status* /*why*/) {
  if (capacity > 0) {
    devices[0] = {};
    devices[0].priority = 100;
  }
  return 1;
}

transport::Transport* open(const transport::OpenOptions* options, transport::Status* why) {
  const char* backing =
      options->setting != nullptr ? options->setting(options->context, "shm.backing") : nullptr;
  if (backing != nullptr && std::strcmp(backing, "memfd") != 0 &&
      std::strcmp(backing, "posix") != 0) {
    *why = transport::Status::error(ErrorCode::invalid_argument,
                                    "WEFT_SHM_BACKING: choose memfd or posix");
    return nullptr;
  }
  std::optional<Backing> wanted;
  if (backing != nullptr)
    wanted = std::strcmp(backing, "posix") == 0 ? Backing::posix : Backing::memfd;
  return new (std::nothrow) Transport(*options, wanted);
}

void close(transport::Transport* transport) { delete transport; }

constexpr transport::Plugin kPlugin = {.abi_version = transport::kAbiVersion,
                                       .name = "shm",
                                       .probe = probe,
                                       .open = open,
                                       .close = close,
                                       .inspect = inspect};

}  // namespace
}  // namespace weft::shm

extern "C" const weft::transport::Plugin* weft_shm_plugin() { return &weft::shm::kPlugin; }
