#include "bootstrap/tcp.h"

#include "base/error.h"

#include <poll.h>

#include <algorithm>
#include <thread>

namespace weft::bootstrap {
namespace {

constexpr std::chrono::milliseconds kFirstRetry{5};
constexpr std::chrono::milliseconds kSlowestRetry{200};
// For a rank 0 that has the port to say who it is.
constexpr std::chrono::seconds kPatience{1};

// Waits for the socket and moves bytes both ways. False: the deadline has passed, also where there
// are always some.
bool exchange(Connection& connection, const Deadline& deadline, bool& open) {
  const short events = connection.sending() ? POLLIN | POLLOUT : POLLIN;
  pollfd waiting{connection.fd(), events, 0};
  const int ready = poll(&waiting, 1, deadline.poll_ms());
  if (ready <= 0) return !deadline.passed();
  if ((waiting.revents & POLLOUT) != 0) open = connection.flush() && open;
  // An end that flush() met may have words before it.
  if ((waiting.revents & ~POLLOUT) != 0 || !open) open = connection.receive() && open;
  return !deadline.passed();
}

// The next frame from rank 0; none: the deadline passed. Throws Error(bootstrap) where it is gone
// or speaks nonsense.
std::optional<Frame> receive_frame(Connection& connection, const Deadline& deadline) {
  bool open = true;
  for (bool in_time = true;; in_time = exchange(connection, deadline, open)) {
    if (auto frame = connection.reader().next()) return frame;
    if (!open) {
      fail(ErrorCode::bootstrap, "its process ended or the connection broke ({})",
           connection.why_closed());
    }
    if (!in_time) return std::nullopt;
  }
}

std::shared_ptr<const Blob> hello(int rank, const Job& job) {
  return make_frame(FrameKind::hello, static_cast<std::uint32_t>(rank),
                    static_cast<std::uint32_t>(job.size), pack(job));
}

std::string text_of(const Frame& failure) {
  return {reinterpret_cast<const char*>(failure.payload.data()), failure.payload.size()};
}

// Throws what rank 0 gave as its reason to give up, if `frame` is one.
void check_verdict(const Frame& frame) {
  if (frame.kind != FrameKind::failure) return;
  const bool timed_out = frame.number == static_cast<std::uint32_t>(ErrorCode::timeout);
  throw Error(timed_out ? ErrorCode::timeout : ErrorCode::bootstrap, text_of(frame));
}

}  // namespace

std::string answer_to_rank_0(const Job& job, const Endpoint& root, const Deadline& deadline) {
  const Deadline patience(std::min<std::chrono::nanoseconds>(kPatience, deadline.left()));
  std::string why;
  try {
    Socket socket = connect_to(root, patience, why);
    if (!socket) return "";
    Connection connection(std::move(socket), kMaxPayload);
    connection.send(hello(0, job));
    const auto frame = receive_frame(connection, patience);
    return frame && frame->kind == FrameKind::failure ? text_of(*frame) : "";
  } catch (const Error&) {  // it is gone, or speaks nonsense
    return "";
  }
}

TcpClient::TcpClient(int rank, const Job& job, const Endpoint& root,
                     std::chrono::nanoseconds timeout)
    : rank_(rank), size_(job.size), root_(root.text()), connection_(join(root, job, timeout)) {}

// Connects and says hello until rank 0 welcomes this rank, or refuses it.
Connection TcpClient::join(const Endpoint& root, const Job& job,
                           std::chrono::nanoseconds timeout) const {
  const Deadline deadline(timeout);
  std::string why;
  for (auto pause = kFirstRetry;; pause = std::min(2 * pause, kSlowestRetry)) {
    if (Socket socket = connect_to(root, deadline, why)) {
      Connection connection(std::move(socket), kMaxPayload);
      if (welcomed(connection, job, deadline, why)) return connection;
    }
    const std::chrono::milliseconds left(deadline.poll_ms());
    if (left.count() == 0) break;
    std::this_thread::sleep_for(std::min(pause, left));
  }
  fail(ErrorCode::timeout, "rank 0 at {} does not answer within {}: {}", root_,
       in_words(deadline.timeout()), why);
}

// False: what answers is gone or is not weft, for the reason in `why`; it may be a forerunner of
// rank 0.
bool TcpClient::welcomed(Connection& connection, const Job& job, const Deadline& deadline,
                         std::string& why) const {
  connection.send(hello(rank_, job));
  std::optional<Frame> frame;
  try {
    frame = receive_frame(connection, deadline.later(kVerdictWait));
  } catch (const Error& error) {
    why = error.what();
    return false;
  }
  if (!frame) {
    fail(ErrorCode::timeout, "rank 0 at {} did not say within {} that all {} ranks have come",
         root_, in_words(deadline.timeout()), size_);
  }
  check_verdict(*frame);
  why = "it does not behave like rank 0";
  return frame->kind == FrameKind::welcome && frame->number == static_cast<std::uint32_t>(size_);
}

std::vector<Blob> TcpClient::all_gather(std::span<const std::byte> mine,
                                        std::chrono::nanoseconds timeout) {
  if (failure_) throw Error(*failure_);
  if (mine.size() > kMaxPayload) {
    fail(ErrorCode::invalid_argument, "a blob of {} bytes, at most {} are allowed", mine.size(),
         kMaxPayload);
  }
  const Deadline deadline(timeout);
  ++calls_;
  connection_.send(make_frame(FrameKind::blob, static_cast<std::uint32_t>(rank_), calls_, mine));
  std::vector<Blob> all;
  all.reserve(static_cast<std::size_t>(size_));
  try {
    while (all.size() < static_cast<std::size_t>(size_)) {
      all.push_back(receive_blob(static_cast<std::uint32_t>(all.size()), deadline));
    }
  } catch (const Error& error) {
    failure_ = error;
    throw;
  }
  return all;
}

Blob TcpClient::receive_blob(std::uint32_t owner, const Deadline& deadline) {
  std::optional<Frame> frame;
  try {
    frame = receive_frame(connection_, deadline.later(kVerdictWait));
  } catch (const Error& error) {
    fail(ErrorCode::bootstrap, "rank 0 of {} at {} is gone at all_gather #{}: {}", size_, root_,
         calls_, error.what());
  }
  if (!frame) {
    fail(ErrorCode::timeout, "rank 0 of {} at {} has not completed all_gather #{} within {}", size_,
         root_, calls_, in_words(deadline.timeout()));
  }
  check_verdict(*frame);
  if (frame->kind != FrameKind::blob || frame->rank != owner || frame->number != calls_) {
    fail(ErrorCode::bootstrap, "rank 0 of {} at {}: unexpected frame at all_gather #{}", size_,
         root_, calls_);
  }
  return std::move(frame->payload);
}

}  // namespace weft::bootstrap
