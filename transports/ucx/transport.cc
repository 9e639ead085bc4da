#include "transport.h"

#include <cstring>

#include "base/populate.h"
#include "base/random.h"

namespace weft::ucx {

using transport::LocalMemory;
using transport::MemoryKey;
using transport::RemoteMemory;
using transport::Status;

Transport::Transport(const transport::OpenOptions& options, std::size_t queue)
    : options_(options),
      queue_(queue),
      worker_(options.wakes),
      peers_(static_cast<std::size_t>(options.size)) {
  if (!worker_.status().ok()) return;
  if (options.log != nullptr && !worker_.remark().empty()) {
    options.log(options.context, worker_.remark().c_str());
  }
  worker_.listen(on_message, this);
  cookie_ = random_word();
  AddressHead head;
  head.cookie = cookie_;
  head.job = options.job;
  const std::vector<std::byte> own = worker_.address();
  head.bytes = static_cast<std::uint32_t>(own.size());
  address_.resize(sizeof(head) + own.size());
  std::memcpy(address_.data(), &head, sizeof(head));
  std::memcpy(address_.data() + sizeof(head), own.data(), own.size());
  for (int rank = 0; rank < options.size; ++rank) {
    Peer& peer = peers_[static_cast<std::size_t>(rank)];
    peer.transport = this;
    peer.rank = rank;
  }
}

Transport::~Transport() {
  if (worker_.status().ok()) close_endpoints();
}

transport::Capabilities Transport::capabilities() const {
  transport::Capabilities result;
  result.ordered = true;
  result.get = true;
  result.blocking_wait_fd = worker_.descriptor();
  // Of TCP: where there are better ways, a transport for them is used.
  result.cost = {.latency_ns = 6000,
                 .message_ns = 3500,
                 .processor_ns_per_byte = 0.3F,
                 .wire_ns_per_byte = 0.3F};
  return result;
}

Status Transport::allocate(std::size_t bytes, LocalMemory* out) {
  std::byte* address = nullptr;
  if (Status status = map_populated(transport::whole_pages(bytes), &address); !status.ok())
    return status;
  const std::uint32_t number = memories_.add(address, transport::whole_pages(bytes), true);
  transport::describe_memory(memories_.key(number), address, number, out);
  return {};
}

// UCP registers by itself what its protocols need, and keeps that as long as it is mapped.
Status Transport::register_memory(void* address, std::size_t bytes, LocalMemory* out) {
  if (address == nullptr || bytes == 0)
    return Status::error(ErrorCode::invalid_argument, "no memory to register");
  auto* begin = static_cast<std::byte*>(address);
  const std::uint32_t number = memories_.add(begin, bytes, false);
  transport::describe_memory(memories_.key(number), begin, number, out);
  return {};
}

void Transport::release(const LocalMemory& memory) {
  memories_.remove(static_cast<std::uint32_t>(memory.handle));
}

Status Transport::import_memory(int rank, const MemoryKey& key, RemoteMemory* out) {
  return imports_.import(rank, key, out);
}

void Transport::release(const RemoteMemory& memory) { imports_.release(memory); }

int Transport::progress() {
  constexpr int kMost = 16;
  int events = 0;
  while (events < kMost && worker_.progress()) ++events;
  if (!to_greet_.empty()) events += send_greetings();
  if (!waiting_.empty()) events += send_waiting();
  if (broken_lines_) events += drop_broken_lines();
  if (losses_ > 0) events += report_losses();
  return events;
}

void Transport::arm() {
  if (worker_.descriptor() >= 0) worker_.arm();
}

}  // namespace weft::ucx
