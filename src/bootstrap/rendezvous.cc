#include "bootstrap/rendezvous.h"

#include "bootstrap/descriptors.h"

#include "base/error.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace weft::bootstrap {
namespace {

// Connections that have not said hello yet, beyond one for each rank.
constexpr std::size_t kStrangers = 64;
// Refusals that an error tells of.
constexpr std::size_t kRefusals = 4;

}  // namespace

Rendezvous::Rendezvous(Socket listener, const Job& job, const Log& log)
    : job_(job),
      log_(log),
      strangers_(std::move(listener), kMaxPackedJob, log),
      ranks_(static_cast<std::size_t>(job.size)) {}

std::vector<Connection> Rendezvous::collect(const Deadline& deadline) {
  try {
    while (!complete()) {
      if (deadline.passed()) throw Error(ErrorCode::timeout, who_is_missing(deadline));
      const std::vector<pollfd> reported = wait(deadline);
      const std::size_t joined = static_cast<std::size_t>(joined_);
      check_joined(std::span(reported).first(joined));
      serve(std::span(reported).subspan(joined));
      if (const int error = strangers_.starved(); error != 0 && !complete()) {
        fail(ErrorCode::no_resources, "rank 0 cannot accept a connection after {} of {} ranks: {}",
             joined_ + 1, job_.size, words_of_error(error));
      }
    }
  } catch (const Error& error) {
    give_up(error);
  }
  std::vector<Connection> connections;
  const auto welcome = make_frame(FrameKind::welcome, 0, static_cast<std::uint32_t>(job_.size));
  for (auto& rank : std::span(ranks_).subspan(1)) {
    rank->send(welcome);
    rank->reader().set_max_payload(kMaxPayload);
    connections.push_back(std::move(*rank));
    rank.reset();
  }
  return connections;
}

// What poll() reported: the ranks that have joined (in rank order), and what await() adds.
std::vector<pollfd> Rendezvous::wait(const Deadline& deadline) {
  std::vector<pollfd> polled;
  for (const auto& rank : ranks_) {
    if (rank) polled.push_back({rank->fd(), POLLIN, 0});
  }
  int wait_ms = deadline.poll_ms();
  strangers_.await(polled, wait_ms);
  if (poll(polled.data(), polled.size(), wait_ms) < 0) {
    if (errno != EINTR) fail(ErrorCode::no_resources, "poll: {}", std::strerror(errno));
    for (pollfd& entry : polled) entry.revents = 0;
  }
  return polled;
}

// A rank that has joined says nothing before it is welcomed: what can be read is its end.
void Rendezvous::check_joined(std::span<const pollfd> reported) {
  std::size_t entry = 0;
  for (std::size_t rank = 1; rank < ranks_.size(); ++rank) {
    if (!ranks_[rank] || reported[entry++].revents == 0) continue;
    const bool open = ranks_[rank]->receive();
    if (open && ranks_[rank]->reader().empty()) continue;
    log_.info("rank {} at {} {}; waiting for it to come again", rank, ranks_[rank]->remote(),
              open ? "spoke before its welcome" : "left: " + ranks_[rank]->why_closed());
    ranks_[rank].reset();
    --joined_;
  }
}

void Rendezvous::await(std::vector<pollfd>& polled) const {
  int any_ms = 0;
  strangers_.await(polled, any_ms);
}

void Rendezvous::serve(std::span<const pollfd> reported) {
  strangers_.serve(
      reported, kStrangers + ranks_.size(),
      [this](Connection& connection, const Frame& hello) { admit(connection, hello); });
}

void Rendezvous::admit(Connection& connection, const Frame& hello) {
  if (hello.kind != FrameKind::hello || !connection.reader().empty()) {
    log_.info("dropped the connection from {}: did not begin with a hello", connection.remote());
    return;
  }
  Job theirs;
  try {
    theirs = unpack_job(hello.payload, static_cast<int>(hello.number));
  } catch (const Error& error) {
    refuse(connection, error.what());
    return;
  }
  const auto size = static_cast<std::uint32_t>(job_.size);
  if (!same_name(job_, theirs)) {
    refuse(
        connection,
        fmt::format("rank {} of {} has come to {}, where rank 0 of {} collects its ranks: jobs "
                    "need ports of their own, and ranks of one job the same WEFT_JOB where their "
                    "launchers differ",
                    hello.rank, theirs.in_words(), address(), job_.in_words()));
  } else if (hello.number != size) {
    refuse(
        connection,
        fmt::format("this job has {} ranks, not {}: rank {} of {} has come to {}, where rank 0 of "
                    "{} collects its ranks",
                    size, hello.number, hello.rank, theirs.in_words(), address(), job_.in_words()));
  } else if (hello.rank == 0) {
    check_rank_0(connection, theirs);
  } else if (hello.rank >= size) {
    refuse(connection, fmt::format("rank {} is not one of 1 to {}", hello.rank, size - 1));
  } else if (complete()) {
    // A rank of the next start-up on this port, or of none: it comes again.
    log_.debug("rank {} has come from {}, too early or too late", hello.rank, connection.remote());
  } else if (ranks_[hello.rank]) {
    refuse(connection, fmt::format("rank {} has come already, from {}", hello.rank,
                                   ranks_[hello.rank]->remote()));
  } else {
    log_.debug("rank {} has come from {}", hello.rank, connection.remote());
    ranks_[hello.rank].emplace(std::move(connection));
    ++joined_;
  }
}

// Only who could not listen here says that it is rank 0. Ranks that give no name may be its own as
// well as this one's, those that have come among them.
void Rendezvous::check_rank_0(Connection& connection, const Job& theirs) {
  if (!job_.name.name.empty()) {
    refuse(connection, fmt::format("{} has a rank 0 already, at {}", job_.in_words(), address()));
    return;
  }
  const std::string why = fmt::format(
      "two ranks 0 want {}, each of {}: nobody can tell whose the other ranks are; give each job a "
      "port of its own, or a name (WEFT_JOB)",
      address(), theirs.in_words());
  Strangers::tell(connection, ErrorCode::bootstrap, why);
  throw Error(ErrorCode::bootstrap, why);
}

void Rendezvous::refuse(Connection& connection, const std::string& why) {
  Strangers::tell(connection, ErrorCode::bootstrap, why);
  log_.warn("refused {}: {}", connection.remote(), why);
  if (std::ranges::count(refused_, why) == 0 && refused_.size() < kRefusals)
    refused_.push_back(why);
}

std::string Rendezvous::who_is_missing(const Deadline& deadline) const {
  std::vector<int> missing;
  for (int rank = 1; rank < job_.size; ++rank) {
    if (!ranks_[static_cast<std::size_t>(rank)]) missing.push_back(rank);
  }
  return fmt::format("{} not connected to {} within {}{}{}", ranks_have(missing, job_.size),
                     address(), in_words(deadline.timeout()),
                     refused_.empty() ? "" : "; refused meanwhile: ", fmt::join(refused_, "; "));
}

void Rendezvous::give_up(const Error& error) {
  for (auto& rank : ranks_) {
    if (rank) Strangers::tell(*rank, error.code(), error.what());
  }
  throw Error(error);
}

}  // namespace weft::bootstrap
