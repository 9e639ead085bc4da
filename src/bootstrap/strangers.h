// Connections to rank 0 whose other end has not said yet what it is: ranks, but also port scanners,
// web clients and the silent.
#pragma once

#include <weft/error.h>

#include "bootstrap/connection.h"

#include "base/log.h"

#include <poll.h>

#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace weft::bootstrap {

class Strangers {
 public:
  // The first frame of one of them, which may move its connection away; else that is closed.
  using Heard = std::function<void(Connection& connection, const Frame& frame)>;

  // What is no frame of weft's is dropped and logged (info). `max_payload`: of a first frame.
  Strangers(Socket listener, std::size_t max_payload, const Log& log);

  std::string address() const { return local_name(listener_); }
  // Why newcomers find no descriptor although nobody is waiting who will give one back (errno); 0:
  // they do.
  int starved() const { return waiting_.empty() ? full_ : 0; }

  // Adds what to wait for, and lowers a wait to the moment when somebody has been silent too long.
  void await(std::vector<pollfd>& polled, int& wait_ms) const;

  // Takes what poll() reported of the entries that await() added, in their order. `most`: how many
  // may be waiting; the oldest make room.
  void serve(std::span<const pollfd> reported, std::size_t most, const Heard& heard);

  // Says why, and what does not fit into the socket's buffer is lost.
  static void tell(Connection& connection, ErrorCode code, const std::string& why);

 private:
  struct Stranger {
    Connection connection;
    Deadline deadline;
  };

  bool listen_to(Stranger& stranger, bool readable, const Heard& heard);
  void accept_some(std::size_t most);
  void drop(const Connection& connection, const std::string& why) const;

  Socket listener_;
  std::size_t max_payload_;
  Log log_;
  std::deque<Stranger> waiting_;
  int full_ = 0;  // errno; newcomers wait until somebody has gone
};

}  // namespace weft::bootstrap
