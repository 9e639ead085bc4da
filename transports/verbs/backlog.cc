#include "backlog.h"

namespace weft::verbs {

void Backlog::add(Peer& p) {
  if (p.waits) return;
  p.waits = true;
  waiting_.push_back(p.number);
}

// Whether anything was posted.
bool Backlog::post(Peer& p) {
  if (!peers_.ready(p)) return false;
  const std::size_t gets = p.gets.size();
  const std::size_t done = p.pieces ? p.pieces->done : 0;
  const bool put = p.pieces.has_value();
  Batch batch(context_, peers_, p);
  if (put) batch.continue_put();
  while (!p.gets.empty() && batch.get(&p.gets.front())) p.gets.pop_front();
  batch.flush();
  return p.gets.size() < gets || p.pieces.has_value() != put || (put && p.pieces->done > done);
}

int Backlog::post() {
  int events = 0;
  std::erase_if(waiting_, [&](int number) {
    Peer& p = peers_[number];
    if (!p.waits) return true;  // disconnected meanwhile
    events += post(p) ? 1 : 0;
    p.waits = !p.gets.empty() || p.pieces.has_value();
    return !p.waits;
  });
  return events;
}

}  // namespace weft::verbs
