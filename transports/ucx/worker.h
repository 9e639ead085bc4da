// UCP's context and worker, as the environment configures them (UCX_…).
#pragma once

#include <ucp/api/ucp.h>
#include <weft/transport.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace weft::ucx {

class Worker {
 public:
  // `wakes`: it will be waited for at its descriptor.
  explicit Worker(bool wakes);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Not ok where UCX cannot run here.
  const transport::Status& status() const { return status_; }
  // What a user should know although UCX runs; empty: nothing.
  const std::string& remark() const { return remark_; }
  ucp_worker_h handle() const { return worker_; }
  std::vector<std::byte> address() const;
  // -1 where it was not asked for.
  int descriptor() const { return descriptor_; }
  bool progress() { return ucp_worker_progress(worker_) != 0; }
  // From now on the next event makes the descriptor readable.
  void arm();

  // Calls `callback` with `argument` for every active message.
  void listen(ucp_am_recv_callback_t callback, void* argument);

 private:
  bool open_context(bool wakes);
  bool open_worker();
  bool refuse(const char* what, ucs_status_t why);

  transport::Status status_;
  std::string remark_;
  ucp_context_h context_ = nullptr;
  ucp_worker_h worker_ = nullptr;
  int descriptor_ = -1;
};

}  // namespace weft::ucx
