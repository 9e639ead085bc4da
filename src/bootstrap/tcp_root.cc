#include "bootstrap/tcp.h"

#include "base/error.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace weft::bootstrap {
namespace {

// Waits until `events` come on one of `entries`. False: the deadline passed.
bool wait_for(std::vector<pollfd>& entries, const Deadline& deadline) {
  while (!deadline.passed()) {
    const int ready = poll(entries.data(), entries.size(), deadline.poll_ms());
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) fail(ErrorCode::internal, "poll: {}", std::strerror(errno));
  }
  return false;
}

}  // namespace

TcpRoot::TcpRoot(Socket listener, const Job& job, std::chrono::nanoseconds timeout, const Log& log)
    : size_(job.size),
      rendezvous_(std::move(listener), job, log),
      address_(rendezvous_.address()),
      peers_(rendezvous_.collect(Deadline(timeout))) {
  for (Connection& peer : peers_)
    (void)peer.flush();  // a rank that is lost already is found by the first all_gather
}

std::vector<Blob> TcpRoot::all_gather(std::span<const std::byte> mine,
                                      std::chrono::nanoseconds timeout) {
  if (failure_) throw Error(*failure_);
  if (mine.size() > kMaxPayload) {
    fail(ErrorCode::invalid_argument, "a blob of {} bytes, at most {} are allowed", mine.size(),
         kMaxPayload);
  }
  const Deadline deadline(timeout);
  ++calls_;
  std::vector<Blob> all{Blob(mine.begin(), mine.end())};
  all.reserve(static_cast<std::size_t>(size_));
  for (auto& blob : collect(deadline)) all.push_back(std::move(*blob));
  distribute(all, deadline);
  return all;
}

// The blobs of ranks 1 to size - 1.
std::vector<std::optional<Blob>> TcpRoot::collect(const Deadline& deadline) {
  std::vector<std::optional<Blob>> blobs(peers_.size());
  std::vector<bool> readable(peers_.size(), true);
  for (;;) {
    std::vector<int> missing;
    std::vector<pollfd> waiting;
    for (std::size_t peer = 0; peer < peers_.size(); ++peer) {
      if (!blobs[peer]) blobs[peer] = take_blob(peer, readable[peer]);
      if (blobs[peer]) continue;
      missing.push_back(static_cast<int>(peer) + 1);
      waiting.push_back({peers_[peer].fd(), POLLIN, 0});
    }
    if (missing.empty()) return blobs;
    if (!wait_for_peers(waiting, deadline)) {
      give_up(ErrorCode::timeout,
              fmt::format("{} not called all_gather #{} within {}", ranks_have(missing, size_),
                          calls_, in_words(deadline.timeout())));
    }
    for (std::size_t i = 0; i < missing.size(); ++i) {
      readable[static_cast<std::size_t>(missing[i]) - 1] = waiting[i].revents != 0;
    }
  }
}

// As wait_for(), and whoever else comes is answered meanwhile.
bool TcpRoot::wait_for_peers(std::vector<pollfd>& peers, const Deadline& deadline) {
  const std::size_t own = peers.size();
  rendezvous_.await(peers);
  if (!wait_for(peers, deadline)) return false;
  try {
    rendezvous_.serve(std::span(peers).subspan(own));
  } catch (const Error& error) {
    give_up(error.code(), error.what());
  }
  return true;
}

// What a peer sent for this call, where it is complete.
std::optional<Blob> TcpRoot::take_blob(std::size_t peer, bool readable) {
  Connection& connection = peers_[peer];
  std::string trouble;
  try {
    const bool open = !readable || connection.receive();
    auto frame = connection.reader().next();
    if (!frame && open) return std::nullopt;
    if (frame && frame->kind == FrameKind::blob && frame->rank == peer + 1 &&
        frame->number == calls_) {
      return std::move(frame->payload);
    }
    trouble = frame ? "unexpected frame"
                    : fmt::format("its process ended or the connection broke ({})",
                                  connection.why_closed());
  } catch (const Error& error) {
    trouble = error.what();
  }
  give_up(ErrorCode::bootstrap, fmt::format("rank {} of {} is gone at all_gather #{}: {}", peer + 1,
                                            size_, calls_, trouble));
}

// Gives every peer all blobs. A peer that dies meanwhile harms no other; the next call names it.
void TcpRoot::distribute(const std::vector<Blob>& all, const Deadline& deadline) {
  auto frames = std::make_shared<Blob>();
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    append_frame(*frames, FrameKind::blob, static_cast<std::uint32_t>(rank), calls_, all[rank]);
  }
  for (Connection& peer : peers_) peer.send(frames);
  std::vector<bool> lost(peers_.size(), false);
  for (;;) {
    std::vector<int> slow;
    std::vector<pollfd> waiting;
    for (std::size_t peer = 0; peer < peers_.size(); ++peer) {
      if (lost[peer]) continue;
      lost[peer] = !peers_[peer].flush();
      if (lost[peer] || !peers_[peer].sending()) continue;
      slow.push_back(static_cast<int>(peer) + 1);
      waiting.push_back({peers_[peer].fd(), POLLOUT, 0});
    }
    if (slow.empty()) return;
    if (wait_for(waiting, deadline)) continue;
    give_up(ErrorCode::timeout,
            fmt::format("{} not read the result of all_gather #{} within {}",
                        ranks_have(slow, size_), calls_, in_words(deadline.timeout())));
  }
}

void TcpRoot::give_up(ErrorCode code, const std::string& message) {
  failure_.emplace(code, message);
  const auto verdict = make_frame(FrameKind::failure, 0, static_cast<std::uint32_t>(code),
                                  std::as_bytes(std::span(message)));
  for (Connection& peer : peers_) {
    peer.send(verdict);
    (void)peer.flush();
  }
  throw Error(*failure_);
}

}  // namespace weft::bootstrap
