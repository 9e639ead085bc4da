#include "p2p/messages/matching.h"

#include <algorithm>

#include "base/error.h"

namespace weft::p2p {
namespace {

// What a kept message costs besides its bytes.
constexpr std::size_t kOverhead = 64;

std::size_t cost_of(const Unexpected& message) { return message.bytes.size() + kOverhead; }

bool takes(int wanted_tag, int tag) {
  return wanted_tag == tag || (wanted_tag == kAnyTag && tag < kFirstOwnTag);
}

}  // namespace

ReceiveRequest* Matching::match(int source, int tag) {
  for (auto it = posted_.begin(); it != posted_.end(); ++it) {
    ReceiveRequest* request = *it;
    if ((request->source != kAnySource && request->source != source) || !takes(request->tag, tag))
      continue;
    posted_.erase(it);
    return request;
  }
  return nullptr;
}

bool Matching::withdraw(ReceiveRequest* request) {
  const auto found = std::find(posted_.begin(), posted_.end(), request);
  if (found == posted_.end()) return false;
  posted_.erase(found);
  return true;
}

bool Matching::has_room(int source, std::size_t bytes) const {
  const Queue& queue = of(source);
  return queue.messages.empty() || queue.bytes + bytes + kOverhead <= limit_;
}

void Matching::keep(int source, Unexpected message) {
  Queue& queue = unexpected_[static_cast<std::size_t>(source)];
  queue.bytes += cost_of(message);
  queue.messages.push_back(std::move(message));
}

bool Matching::find_from(int source, int tag, Found* found) {
  std::deque<Unexpected>& messages = unexpected_[static_cast<std::size_t>(source)].messages;
  const auto it = std::ranges::find_if(
      messages, [&](const Unexpected& message) { return takes(tag, message.tag); });
  if (it == messages.end()) return false;
  *found = {source, it};
  return true;
}

Matching::Found Matching::find(int source, int tag) {
  Found found;
  if (source != kAnySource) {
    find_from(source, tag, &found);
    return found;
  }
  const int peers = static_cast<int>(unexpected_.size());
  for (int i = 0; i < peers; ++i) {
    const int candidate = (next_ + i) % peers;
    if (find_from(candidate, tag, &found)) break;
  }
  return found;
}

Unexpected Matching::take(const Found& found) {
  Queue& queue = unexpected_[static_cast<std::size_t>(found.source)];
  Unexpected message = std::move(*found.message);
  queue.bytes -= cost_of(message);
  queue.messages.erase(found.message);
  next_ = (found.source + 1) % static_cast<int>(unexpected_.size());
  return message;
}

std::string Matching::describe_unexpected(int source) const {
  const Queue& queue = of(source);
  if (queue.messages.empty()) return {};
  return fmt::format("{} message{} of {} bytes that nobody received, the first with tag {}",
                     queue.messages.size(), queue.messages.size() == 1 ? "" : "s", queue.bytes,
                     queue.messages.front().tag);
}

}  // namespace weft::p2p
