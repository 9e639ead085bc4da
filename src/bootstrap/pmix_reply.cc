#include "bootstrap/pmix_reply.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

namespace weft::bootstrap {
namespace {

// Shared by the waiter and the callback, which runs on a thread of PMIx's.
struct Pending {
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<PmixReply> reply;
};

void answer(void* data, PmixReply reply) {
  const std::unique_ptr<std::shared_ptr<Pending>> held(
      static_cast<std::shared_ptr<Pending>*>(data));
  Pending& pending = **held;
  const std::lock_guard lock(pending.mutex);
  pending.reply = std::move(reply);
  pending.answered.notify_all();
}

void on_fence(pmix_status_t status, void* data) { answer(data, {status, {}, {}}); }

// The value is PMIx's own and is gone after the callback.
void on_value(pmix_status_t status, pmix_value_t* value, void* data) {
  PmixReply reply{status, {}, {}};
  if (status == PMIX_SUCCESS && value != nullptr) {
    if (value->type == PMIX_UINT32) reply.number = value->data.uint32;
    if (value->type == PMIX_BYTE_OBJECT) {
      const auto* first = reinterpret_cast<const std::byte*>(value->data.bo.bytes);
      reply.bytes.emplace(first, first + value->data.bo.size);
    }
  }
  answer(data, std::move(reply));
}

template <typename Start, typename Callback>
std::optional<PmixReply> await(const Start& start, Callback callback, const Deadline& deadline) {
  const auto pending = std::make_shared<Pending>();
  auto held = std::make_unique<std::shared_ptr<Pending>>(pending);
  const pmix_status_t started = start(callback, held.get());
  // Anything but success: the callback is not called.
  if (started == PMIX_OPERATION_SUCCEEDED) return PmixReply{};
  if (started != PMIX_SUCCESS) return PmixReply{started, {}, {}};
  (void)held.release();  // answer() frees it, and perhaps has already
  std::unique_lock lock(pending->mutex);
  pending->answered.wait_until(lock, deadline.at(), [&] { return pending->reply.has_value(); });
  return std::move(pending->reply);
}

}  // namespace

std::optional<PmixReply> await_fence(
    const std::function<pmix_status_t(pmix_op_cbfunc_t, void*)>& start, const Deadline& deadline) {
  return await(start, &on_fence, deadline);
}

std::optional<PmixReply> await_value(
    const std::function<pmix_status_t(pmix_value_cbfunc_t, void*)>& start,
    const Deadline& deadline) {
  return await(start, &on_value, deadline);
}

}  // namespace weft::bootstrap
