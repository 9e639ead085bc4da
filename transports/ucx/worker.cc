#include "worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/config.h"
#include "base/names.h"

namespace weft::ucx {

using transport::Status;

namespace {

// Whether UCX will use TCP: only then does it accept settings of it. RDMA devices have a port in
// their name ("mlx5_0:1"), interfaces have not.
bool uses_tcp() {
  const std::string ways = foreign_variable("UCX_TLS");
  const std::string devices = foreign_variable("UCX_NET_DEVICES");
  const auto names = names_in(devices);
  const bool way = ways.empty() || named_in(ways, "tcp") || named_in(ways, "all");
  const bool device = devices.empty() || named_in(devices, "all") ||
                      std::ranges::any_of(names, [](const std::string& name) {
                        return name.find(':') == std::string::npos;
                      });
  return way && device;
}

// By default UCX reads 64 KiB at once from a TCP connection and writes 8 KiB: with larger ones a
// stream is two to three times as fast. What a socket's buffer does not take at once waits in UCX
// until this rank makes progress, which it may not do soon once a call has returned: so that is
// large too. What the user sets counts. Returns what UCX refused, in words.
std::string prefer_large_segments(ucp_config_t* config) {
  if (!uses_tcp()) return {};
  // Releases from 1.17 on want the prefix of their table before a name; earlier ones then print
  // that the setting is invalid, and go on without.
  unsigned major = 0, minor = 0, release = 0;
  ucp_get_version(&major, &minor, &release);
  const bool prefixed = std::pair(major, minor) >= std::pair(1U, 17U);
  constexpr const char* kSettings[][2] = {
      {"RX_SEG_SIZE", "512K"}, {"TX_SEG_SIZE", "64K"}, {"SNDBUF", "1M"}};
  for (const auto& [setting, value] : kSettings) {
    if (!foreign_variable(fmt::format("UCX_TCP_{}", setting).c_str()).empty()) continue;
    const std::string name = prefixed ? fmt::format("TCP_{}", setting) : setting;
    const ucs_status_t status = ucp_config_modify(config, name.c_str(), value);
    if (status != UCS_OK) {
      return fmt::format("UCX does not take {}={}, TCP will be slow: {}", name, value,
                         ucs_status_string(status));
    }
  }
  return {};
}

}  // namespace

bool Worker::refuse(const char* what, ucs_status_t why) {
  status_ = Status::error(ErrorCode::unsupported,
                          fmt::format("UCX: {}: {}", what, ucs_status_string(why)).c_str());
  return false;
}

Worker::Worker(bool wakes) {
  if (open_context(wakes) && open_worker() && wakes) {
    const ucs_status_t status = ucp_worker_get_efd(worker_, &descriptor_);
    if (status != UCS_OK) refuse("no descriptor to wait at", status);
  }
}

bool Worker::open_context(bool wakes) {
  ucp_config_t* config = nullptr;
  ucs_status_t status = ucp_config_read(nullptr, nullptr, &config);
  if (status != UCS_OK) return refuse("its settings (UCX_…) cannot be read", status);
  remark_ = prefer_large_segments(config);
  ucp_params_t parameters{};
  parameters.field_mask = UCP_PARAM_FIELD_FEATURES;
  parameters.features = UCP_FEATURE_AM | (wakes ? UCP_FEATURE_WAKEUP : 0);
  status = ucp_init(&parameters, config, &context_);
  ucp_config_release(config);
  if (status == UCS_OK) return true;
  context_ = nullptr;
  return refuse("it cannot start; `ucx_info -d` says what it finds", status);
}

bool Worker::open_worker() {
  ucp_worker_params_t parameters{};
  parameters.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE;
  parameters.thread_mode = UCS_THREAD_MODE_SERIALIZED;
  const ucs_status_t status = ucp_worker_create(context_, &parameters, &worker_);
  if (status == UCS_OK) return true;
  worker_ = nullptr;
  return refuse("no worker", status);
}

Worker::~Worker() {
  if (worker_ != nullptr) ucp_worker_destroy(worker_);
  if (context_ != nullptr) ucp_cleanup(context_);
}

std::vector<std::byte> Worker::address() const {
  ucp_address_t* address = nullptr;
  std::size_t bytes = 0;
  if (ucp_worker_get_address(worker_, &address, &bytes) != UCS_OK) return {};
  const auto* begin = reinterpret_cast<const std::byte*>(address);
  std::vector<std::byte> copy(begin, begin + bytes);
  ucp_worker_release_address(worker_, address);
  return copy;
}

void Worker::arm() {
  while (ucp_worker_arm(worker_) == UCS_ERR_BUSY) ucp_worker_progress(worker_);
}

void Worker::listen(ucp_am_recv_callback_t callback, void* argument) {
  ucp_am_handler_param_t handler{};
  handler.field_mask = UCP_AM_HANDLER_PARAM_FIELD_ID | UCP_AM_HANDLER_PARAM_FIELD_FLAGS |
                       UCP_AM_HANDLER_PARAM_FIELD_CB | UCP_AM_HANDLER_PARAM_FIELD_ARG;
  handler.id = 0;
  handler.flags = UCP_AM_FLAG_WHOLE_MSG;
  handler.cb = callback;
  handler.arg = argument;
  if (const ucs_status_t status = ucp_worker_set_am_recv_handler(worker_, &handler);
      status != UCS_OK)
    refuse("no active messages", status);
}

}  // namespace weft::ucx
