#include "bootstrap/rendezvous.h"

#include "base/error.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <deque>

namespace weft::bootstrap {
namespace {

// A rank says hello as soon as it is connected; who stays silent for so long is none.
constexpr std::chrono::seconds kSilence{5};
// Connections that have not said hello yet, beyond one for each rank.
constexpr std::size_t kStrangers = 64;

struct Stranger {
  Connection connection;
  Deadline deadline;
};

class Rendezvous {
 public:
  Rendezvous(const Socket& listener, int size, const Deadline& deadline, const Log& log)
      : listener_(listener),
        size_(size),
        deadline_(deadline),
        log_(log),
        ranks_(static_cast<std::size_t>(size)) {}

  std::vector<Connection> run() {
    while (joined_ + 1 < size_) {
      if (deadline_.passed()) give_up(ErrorCode::timeout, who_is_missing());
      wait();
      // In this order: strangers who go or come must not shift what poll() reported.
      check_joined();
      greet_strangers();
      if ((polled_[0].revents & POLLIN) != 0) accept_some();
    }
    std::vector<Connection> connections;
    const auto welcome = make_frame(FrameKind::welcome, 0, static_cast<std::uint32_t>(size_));
    for (auto& rank : std::span(ranks_).subspan(1)) {
      rank->send(welcome);
      rank->reader().set_max_payload(kMaxPayload);
      connections.push_back(std::move(*rank));
    }
    return connections;
  }

 private:
  // polled_: the listener, the strangers, the ranks that have joined (in rank order).
  void wait() {
    polled_.assign(1, {listener_.fd(), POLLIN, 0});
    int wake_ms = deadline_.poll_ms();
    for (const Stranger& stranger : strangers_) {
      polled_.push_back({stranger.connection.fd(), POLLIN, 0});
      wake_ms = std::min(wake_ms, stranger.deadline.poll_ms());
    }
    for (const auto& rank : ranks_) {
      if (rank) polled_.push_back({rank->fd(), POLLIN, 0});
    }
    if (poll(polled_.data(), polled_.size(), wake_ms) >= 0) return;
    if (errno != EINTR) fail(ErrorCode::no_resources, "poll: {}", std::strerror(errno));
    for (pollfd& entry : polled_) entry.revents = 0;
  }

  // A rank that has joined says nothing before it is welcomed: what can be read is its end.
  void check_joined() {
    std::size_t entry = 1 + strangers_.size();
    for (std::size_t rank = 1; rank < ranks_.size(); ++rank) {
      if (!ranks_[rank] || polled_[entry++].revents == 0) continue;
      const bool open = ranks_[rank]->receive();
      if (open && ranks_[rank]->reader().empty()) continue;
      log_.info("rank {} at {} {}; waiting for it to come again", rank, ranks_[rank]->remote(),
                open ? "spoke before its welcome" : "left: " + ranks_[rank]->why_closed());
      ranks_[rank].reset();
      --joined_;
    }
  }

  void greet_strangers() {
    const std::size_t polled = strangers_.size();
    std::deque<Stranger> kept;
    for (std::size_t i = 0; i < polled; ++i) {
      Stranger& stranger = strangers_[i];
      if (!greet(stranger, polled_[1 + i].revents != 0)) kept.push_back(std::move(stranger));
    }
    strangers_ = std::move(kept);
  }

  // True: it is no stranger any more, or it is dropped.
  bool greet(Stranger& stranger, bool readable) {
    Connection& connection = stranger.connection;
    try {
      const bool open = !readable || connection.receive();
      if (const auto frame = connection.reader().next()) return admit(connection, *frame);
      if (open && !stranger.deadline.passed()) return false;
      drop(connection, open ? "said nothing for " + in_words(kSilence) : connection.why_closed());
    } catch (const Error& error) {
      drop(connection, error.what());
    }
    return true;
  }

  bool admit(Connection& connection, const Frame& hello) {
    const auto size = static_cast<std::uint32_t>(size_);
    if (hello.kind != FrameKind::hello || !connection.reader().empty()) {
      drop(connection, "did not begin with a hello");
    } else if (hello.number != size) {
      refuse(connection, fmt::format("this job has {} ranks, not {}", size, hello.number));
    } else if (hello.rank == 0 || hello.rank >= size) {
      refuse(connection, fmt::format("rank {} is not one of 1 to {}", hello.rank, size - 1));
    } else if (ranks_[hello.rank]) {
      refuse(connection, fmt::format("rank {} has come already, from {}", hello.rank,
                                     ranks_[hello.rank]->remote()));
    } else {
      log_.debug("rank {} has come from {}", hello.rank, connection.remote());
      ranks_[hello.rank].emplace(std::move(connection));
      ++joined_;
    }
    return true;
  }

  void refuse(Connection& connection, const std::string& why) {
    tell(connection, ErrorCode::bootstrap, why);
    drop(connection, why);
  }

  // What does not fit into the socket's buffer is lost.
  static void tell(Connection& connection, ErrorCode code, const std::string& why) {
    connection.send(make_frame(FrameKind::failure, 0, static_cast<std::uint32_t>(code),
                               std::as_bytes(std::span(why))));
    (void)connection.flush();
  }

  void drop(const Connection& connection, const std::string& why) {
    log_.info("dropped the connection from {}: {}", connection.remote(), why);
  }

  // Some at a time, so that a flood of strangers starves nobody.
  void accept_some() {
    for (std::size_t i = 0; i < kStrangers; ++i) {
      Socket accepted;
      const AcceptResult result = accept_from(listener_, accepted);
      if (result == AcceptResult::none_waiting) return;
      const bool full = result == AcceptResult::out_of_descriptors;
      if (full && strangers_.empty()) {
        give_up(ErrorCode::no_resources,
                fmt::format("rank 0 has no file descriptor left after {} of {} ranks: raise "
                            "ulimit -n",
                            joined_ + 1, size_));
      }
      if (full || strangers_.size() >= kStrangers + ranks_.size()) {
        drop(strangers_.front().connection, "made room for newer ones");
        strangers_.pop_front();
      }
      if (!full) strangers_.push_back({Connection(std::move(accepted), 0), Deadline(kSilence)});
    }
  }

  std::string who_is_missing() const {
    std::vector<int> missing;
    for (int rank = 1; rank < size_; ++rank) {
      if (!ranks_[static_cast<std::size_t>(rank)]) missing.push_back(rank);
    }
    return fmt::format("{} not connected to {} within {}", ranks_have(missing, size_),
                       local_name(listener_), in_words(deadline_.timeout()));
  }

  [[noreturn]] void give_up(ErrorCode code, const std::string& why) {
    for (auto& rank : ranks_) {
      if (rank) tell(*rank, code, why);
    }
    throw Error(code, why);
  }

  const Socket& listener_;
  const int size_;
  const Deadline deadline_;
  const Log log_;
  std::vector<pollfd> polled_;
  std::deque<Stranger> strangers_;
  std::vector<std::optional<Connection>> ranks_;  // [0] stays empty
  int joined_ = 0;
};

}  // namespace

std::vector<Connection> collect_ranks(const Socket& listener, int size, const Deadline& deadline,
                                      const Log& log) {
  return Rendezvous(listener, size, deadline, log).run();
}

}  // namespace weft::bootstrap
