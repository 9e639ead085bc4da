#include "p2p/post.h"

#include "base/error.h"
#include "base/futex.h"

namespace weft::p2p {

void check_alive(const Endpoint& endpoint, int peer, const char* call) {
  if (!endpoint.any_lost()) return;
  if (const std::string* cause = endpoint.failure(peer); cause != nullptr)
    fail(ErrorCode::peer_failed, "{}: {} failed: {}", call, endpoint.describe(peer), *cause);
}

void check_posted(const Endpoint& endpoint, int peer, const transport::Status& status) {
  if (!status.ok() && status.code != ErrorCode::no_resources)
    fail(status.code, "put to {}: {}", endpoint.describe(peer), status.message);
}

void post_some(Endpoint& endpoint, int peer, std::span<const transport::Put>* puts) {
  std::size_t posted = 0;
  const transport::Status status = endpoint.path(peer).transport->put(*puts, &posted);
  *puts = puts->subspan(posted);
  check_posted(endpoint, peer, status);
}

transport::Put make_put(const void* source, const RemoteSpan& target, std::size_t bytes,
                        std::uint64_t* completed) {
  transport::Put put;
  put.source = source;
  put.target = target.memory;
  put.target_offset = target.offset;
  put.bytes = bytes;
  put.completed = completed;
  return put;
}

void add_signal(transport::Put* put, const RemoteSpan& word, std::uint64_t value,
                transport::SignalOp how) {
  put->signal_memory = word.memory;
  put->signal_offset = word.offset;
  put->signal_value = value;
  put->signal = how;
}

void wake(const Path& path) {
  if (path.bell != nullptr && path.bell->load(std::memory_order_relaxed) != 0)
    futex_wake(path.bell);
}

bool has_left(const Path& path) {
  return path.bell != nullptr &&
         path.bell->load(std::memory_order_relaxed) == static_cast<std::uint32_t>(Attention::left);
}

}  // namespace weft::p2p
