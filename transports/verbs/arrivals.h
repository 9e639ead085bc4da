// What completion queues and eager rings hold: records of peers, applied in the order of their
// numbers, and completions of this side's work requests.
#pragma once

#include "peers.h"

namespace weft::verbs {

class Arrivals final : public Inbox {
 public:
  // Both outlive it.
  Arrivals(Context& context, Peers& peers) : context_(context), peers_(peers) {}

  int take_receives() override;
  int take_entries() override;
  int take_completions() override;

 private:
  bool apply(Peer& peer, const Record& record, const std::byte* payload, std::size_t most);
  bool take_entry(Peer& peer);
  bool take_held(Peer& peer);
  void take_in_turn(Peer& peer);
  void arrived(Peer& peer, int rail, int slot);
  void complete(Lane& lane, Rail& rail, std::uint64_t up_to);

  Context& context_;
  Peers& peers_;
};

}  // namespace weft::verbs
