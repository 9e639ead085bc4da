#include "p2p/put_queue.h"

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/transport_kit.h"
#include "p2p/post.h"
#include "reduce/reduce.h"

namespace weft::p2p {

PutQueue::PutQueue(Endpoint& endpoint, int peer, std::size_t capacity)
    : endpoint_(endpoint), peer_(peer) {
  puts_.reserve(capacity);
}

const links::Completion& PutQueue::left() {
  if (!left_.valid()) left_ = endpoint_.take_completion(peer_);
  return left_;
}

void PutQueue::put(const void* source, const RemoteSpan& target, std::size_t bytes) {
  if (target.mapped != nullptr) {
    reduce::copy(target.mapped, source, bytes);
    return;
  }
  const std::uint64_t most = endpoint_.path(peer_).max_message;
  const auto* from = static_cast<const std::byte*>(source);
  for (std::size_t at = 0; at < bytes;) {
    const std::size_t part = std::min<std::uint64_t>(bytes - at, most);
    puts_.push_back(make_put(from + at, target + at, part, left().word()));
    at += part;
  }
}

void PutQueue::signal(const RemoteSpan& word, std::uint64_t value) {
  if (word.mapped != nullptr) {
    transport::change_word(word.mapped, transport::SignalOp::set, value);
    wake(endpoint_.path(peer_));
    return;
  }
  if (posted() || puts_.back().signal != transport::SignalOp::none)
    puts_.push_back(make_put(nullptr, {}, 0, left().word()));
  add_signal(&puts_.back(), word, value);
}

void PutQueue::push() {
  if (posted() || !status_.ok()) return;
  std::size_t posted = 0;
  transport::Status status =
      endpoint_.path(peer_).transport->put(std::span(puts_).subspan(next_), &posted);
  next_ += posted;
  left_.asked(posted);
  if (!status.ok() && status.code != ErrorCode::no_resources) status_ = status;
}

void PutQueue::check() const { check_posted(endpoint_, peer_, status_); }

void PutQueue::clear() {
  puts_.clear();
  next_ = 0;
}

}  // namespace weft::p2p
