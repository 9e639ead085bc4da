// Memory of this rank under names that peers use, and theirs here.
#include <sys/mman.h>

#include "base/populate.h"
#include "transport.h"

namespace weft::verbs {

using transport::LocalMemory;
using transport::MemoryKey;
using transport::RemoteMemory;
using transport::Status;

// Before memory becomes a region.
Status Transport::check_region(std::size_t bytes) const {
  if (bytes >> Spot::kOffsetBits != 0)
    return Status::error(ErrorCode::no_resources, "1 TiB and more in one registration");
  if (context_.regions.full())
    return Status::error(ErrorCode::no_resources, "too many registrations: release some");
  return {};
}

Status Transport::allocate(std::size_t bytes, LocalMemory* out) {
  Status status = check_region(bytes);
  if (!status.ok()) return status;
  const std::size_t length = transport::whole_pages(bytes);
  std::byte* address = nullptr;
  status = map_populated(length, &address);
  if (!status.ok()) return status;
  Registration* registration = nullptr;
  status = context_.registrations.acquire(address, length, &registration);
  if (!status.ok()) {
    munmap(address, length);
    return status;
  }
  describe(context_.regions.add(address, length, registration, true), out);
  return {};
}

Status Transport::register_memory(void* address, std::size_t bytes, LocalMemory* out) {
  if (address == nullptr || bytes == 0)
    return Status::error(ErrorCode::invalid_argument, "no memory to register");
  if (const Status status = check_region(bytes); !status.ok()) return status;
  Registration* registration = nullptr;
  const Status status = context_.registrations.acquire(address, bytes, &registration);
  if (!status.ok()) return status;
  describe(context_.regions.add(static_cast<std::byte*>(address), bytes, registration, false), out);
  return {};
}

Status Transport::register_dmabuf(int fd, std::uint64_t offset, void* address, std::size_t bytes,
                                  LocalMemory* out) {
  if (fd < 0 || bytes == 0)
    return Status::error(ErrorCode::invalid_argument, "no dma-buf to register");
  if (const Status status = check_region(bytes); !status.ok()) return status;
  Registration* registration = nullptr;
  const Status status =
      context_.registrations.acquire_dmabuf({fd, offset}, address, bytes, &registration);
  if (!status.ok()) return status;
  describe(context_.regions.add(static_cast<std::byte*>(address), bytes, registration, false), out);
  return {};
}

void Transport::describe(std::uint32_t number, LocalMemory* out) const {
  const Region& region = context_.regions[number];
  Key key;
  key.region = number;
  key.generation = region.generation;
  key.device = region.registration->device ? 1 : 0;
  key.address = reinterpret_cast<std::uint64_t>(region.address);
  key.bytes = region.bytes;
  for (std::size_t i = 0; i < context_.rails.size(); ++i)
    key.rkeys[i] = region.registration->handles[i]->rkey;
  transport::describe_memory(key, region.address, number, out);
}

void Transport::release(const LocalMemory& memory) {
  context_.regions.remove(static_cast<std::uint32_t>(memory.handle));
}

Status Transport::import_memory(int number, const MemoryKey& key, RemoteMemory* out) {
  return context_.imports.import(number, key, out);
}

void Transport::release(const RemoteMemory& memory) { context_.imports.release(memory); }

}  // namespace weft::verbs
