#include "bootstrap/tcp.h"

#include "base/error.h"

namespace weft::bootstrap {

std::shared_ptr<Bootstrap> make_tcp(int rank, int size, const std::string& root_address,
                                    std::chrono::nanoseconds timeout, const Log& log) {
  if (size < 1) fail(ErrorCode::invalid_argument, "{} ranks: at least 1", size);
  if (rank < 0 || rank >= size) {
    fail(ErrorCode::invalid_argument, "rank {} is not one of 0 to {}", rank, size - 1);
  }
  if (size == 1) return make_single();
  const Endpoint root = parse_endpoint(root_address);
  if (rank > 0) return std::make_shared<TcpClient>(rank, size, root, timeout);
  return std::make_shared<TcpRoot>(listen_on(root), size, timeout, log);
}

std::shared_ptr<Bootstrap> make_tcp_root(int listening_fd, int size,
                                         std::chrono::nanoseconds timeout, const Log& log) {
  Socket listener(listening_fd);
  if (size < 1) fail(ErrorCode::invalid_argument, "{} ranks: at least 1", size);
  adopt_listener(listener);
  return std::make_shared<TcpRoot>(std::move(listener), size, timeout, log);
}

}  // namespace weft::bootstrap
