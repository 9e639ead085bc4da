// Which message goes to which receive: receives that wait for messages, and messages that wait for
// receives. Knows nothing of how either travels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <vector>

#include "p2p/messages/requests.h"

namespace weft::p2p {

// Tags from here on are the library's own; kAnyTag does not mean them.
inline constexpr int kFirstOwnTag = 1 << 30;

// A message that nobody asked for yet: its bytes, or the question of a large one.
struct Unexpected {
  int tag = 0;
  bool asks = false;
  Ask ask;
  std::vector<std::byte> bytes;

  std::size_t size() const { return asks ? ask.bytes : bytes.size(); }
};

class Matching {
 public:
  // `limit`: bytes of unexpected messages kept of each sender.
  Matching(int peers, std::size_t limit)
      : limit_(limit), unexpected_(static_cast<std::size_t>(peers)) {}

  // The receive posted first that takes such a message, which is then no longer posted; null: none.
  ReceiveRequest* match(int source, int tag);
  void post(ReceiveRequest* request) { posted_.push_back(request); }
  // False where it is not posted (any more).
  bool withdraw(ReceiveRequest* request);
  bool any_posted() const { return !posted_.empty(); }
  const std::list<ReceiveRequest*>& posted() const { return posted_; }

  // Whether a message of that many bytes can be kept. A first one always can.
  bool has_room(int source, std::size_t bytes) const;
  void keep(int source, Unexpected message);
  struct Found {
    int source = -1;
    std::deque<Unexpected>::iterator message;
  };
  // The first message kept for such a receive; source -1: none. With kAnySource ranks are looked at
  // in turn.
  Found find(int source, int tag);
  // Takes what find() found.
  Unexpected take(const Found& found);
  bool any_unexpected(int source) const { return !of(source).messages.empty(); }
  // Forgets what was kept of a sender.
  void drop(int source) { unexpected_[static_cast<std::size_t>(source)] = {}; }
  // "3 messages of 12 KiB that nobody received"; empty: none.
  std::string describe_unexpected(int source) const;

 private:
  struct Queue {
    std::deque<Unexpected> messages;
    std::size_t bytes = 0;
  };
  const Queue& of(int source) const { return unexpected_[static_cast<std::size_t>(source)]; }
  bool find_from(int source, int tag, Found* found);

  std::size_t limit_;
  std::list<ReceiveRequest*> posted_;
  std::vector<Queue> unexpected_;  // by sender
  int next_ = 0;                   // where a search of all begins
};

}  // namespace weft::p2p
