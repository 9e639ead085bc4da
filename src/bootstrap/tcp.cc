#include "bootstrap/tcp.h"

#include "base/error.h"

#include <cerrno>
#include <cstring>

namespace weft::bootstrap {

Socket listen_for(const Job& job, const Endpoint& root, const Deadline& deadline) {
  if (Socket listener = listen_unless_taken(root, deadline)) return listener;
  const std::string answer = answer_to_rank_0(job, root, deadline);
  fail(ErrorCode::bootstrap, "rank 0 cannot listen on {}: {}{}", root.text(),
       std::strerror(EADDRINUSE),
       answer.empty() ? ", by somebody who does not answer as weft does"
                      : "; who does, answers: " + answer);
}

std::shared_ptr<Bootstrap> make_tcp(int rank, int size, const std::string& root_address,
                                    std::chrono::nanoseconds timeout, const Log& log,
                                    const JobName& name) {
  if (size < 1) fail(ErrorCode::invalid_argument, "{} ranks: at least 1", size);
  if (rank < 0 || rank >= size) {
    fail(ErrorCode::invalid_argument, "rank {} is not one of 0 to {}", rank, size - 1);
  }
  if (size == 1) return make_single();
  const Endpoint root = parse_endpoint(root_address);
  const Job job = Job::of(name, size);
  if (rank > 0) return std::make_shared<TcpClient>(rank, job, root, timeout);
  return std::make_shared<TcpRoot>(listen_for(job, root, Deadline(timeout)), job, timeout, log);
}

std::shared_ptr<Bootstrap> make_tcp_root(int listening_fd, int size,
                                         std::chrono::nanoseconds timeout, const Log& log,
                                         const JobName& name) {
  Socket listener(listening_fd);
  if (size < 1) fail(ErrorCode::invalid_argument, "{} ranks: at least 1", size);
  adopt_listener(listener);
  return std::make_shared<TcpRoot>(std::move(listener), Job::of(name, size), timeout, log);
}

}  // namespace weft::bootstrap
