#include "bootstrap/strangers.h"

#include <algorithm>
#include <cerrno>

namespace weft::bootstrap {
namespace {

// A rank says hello as soon as it is connected; who has not said it after so long is none.
constexpr std::chrono::seconds kSilence{5};
// Accepted in one go, so that a flood of newcomers starves nobody.
constexpr int kAtOnce = 64;

}  // namespace

Strangers::Strangers(Socket listener, std::size_t max_payload, const Log& log)
    : listener_(std::move(listener)), max_payload_(max_payload), log_(log) {}

void Strangers::await(std::vector<pollfd>& polled, int& wait_ms) const {
  const short events = full_ == 0 ? POLLIN : 0;
  polled.push_back({listener_.fd(), events, 0});
  for (const Stranger& stranger : waiting_) {
    polled.push_back({stranger.connection.fd(), POLLIN, 0});
    wait_ms = std::min(wait_ms, stranger.deadline.poll_ms());
  }
}

void Strangers::serve(std::span<const pollfd> reported, std::size_t most, const Heard& heard) {
  std::deque<Stranger> silent;
  for (const pollfd& entry : reported.subspan(1)) {
    Stranger stranger = std::move(waiting_.front());
    waiting_.pop_front();
    if (!listen_to(stranger, entry.revents != 0, heard)) silent.push_back(std::move(stranger));
  }
  if (silent.size() + 1 < reported.size()) full_ = 0;
  waiting_ = std::move(silent);
  if ((reported[0].revents & POLLIN) != 0) accept_some(most);
}

// True: it is no stranger any more, or it is dropped.
bool Strangers::listen_to(Stranger& stranger, bool readable, const Heard& heard) {
  Connection& connection = stranger.connection;
  std::optional<Frame> frame;
  try {
    const bool open = !readable || connection.receive();
    frame = connection.reader().next();
    if (!frame && open && !stranger.deadline.passed()) return false;
    if (!frame) {
      drop(connection,
           open ? "said nothing whole for " + in_words(kSilence) : connection.why_closed());
    }
  } catch (const Error& error) {
    if (connection.reader().another_version()) tell(connection, error.code(), error.what());
    drop(connection, error.what());
  }
  if (frame) heard(connection, *frame);
  return true;
}

void Strangers::accept_some(std::size_t most) {
  for (int i = 0; i < kAtOnce; ++i) {
    Socket accepted;
    const AcceptResult result = accept_from(listener_, accepted);
    if (result == AcceptResult::none_waiting) return;
    if (result == AcceptResult::out_of_descriptors) {
      full_ = errno;
      return;
    }
    if (waiting_.size() >= most) {
      drop(waiting_.front().connection, "made room for newer ones");
      waiting_.pop_front();
    }
    waiting_.push_back({Connection(std::move(accepted), max_payload_), Deadline(kSilence)});
  }
}

void Strangers::tell(Connection& connection, ErrorCode code, const std::string& why) {
  connection.send(make_frame(FrameKind::failure, 0, static_cast<std::uint32_t>(code),
                             std::as_bytes(std::span(why))));
  (void)connection.flush();
}

void Strangers::drop(const Connection& connection, const std::string& why) const {
  log_.info("dropped the connection from {}: {}", connection.remote(), why);
}

}  // namespace weft::bootstrap
