// What waits at peers for room: gets, and puts that go in pieces. Each peer has its own queue, so
// that one that is full or still connecting keeps nobody else's waiting.
#pragma once

#include <vector>

#include "batch.h"

namespace weft::verbs {

class Backlog {
 public:
  // Both outlive it.
  Backlog(Context& context, Peers& peers) : context_(context), peers_(peers) {}

  // The peer has something that waits.
  void add(Peer& peer);
  bool empty() const { return waiting_.empty(); }
  // Posts what there is room for; returns for how many peers.
  int post();

 private:
  bool post(Peer& peer);

  Context& context_;
  Peers& peers_;
  std::vector<int> waiting_;  // peers, each once
};

}  // namespace weft::verbs
