// A communicator's memory: a segment at each of its ranks, which the others write to.
#pragma once

#include <vector>

#include "connections/connections.h"
#include "executor/world.h"

namespace weft {

class Segments {
 public:
  // Collective among all that `gather` reaches. `members`: the ranks, this process among them; or
  // none: it only takes part. `connections` outlives it. Throws as Region does, and, at all alike,
  // Error(invalid_argument) where WEFT_SHARED_BYTES is too little.
  Segments(Connections& connections, std::vector<Region::Member> members, std::size_t shared_bytes,
           const Gather& gather);

  const executor::World& world() const { return world_; }
  // What transports and connections know the ranks by.
  const std::vector<int>& peers() const { return peers_; }

  // Tells the other ranks that this one has left and writes nothing to them any more. `over_puts`:
  // those too who are not mapped, which takes a moment; else they learn of it when the transports
  // are closed.
  void leave(bool over_puts);
  // Whether no rank writes here any more by puts.
  bool is_over() const;

 private:
  void use(const Connections& connections, std::size_t rank);
  void tell_by_put(const executor::Link& link);

  Connections& connections_;
  const std::vector<int> peers_;  // by rank
  executor::World world_;
  Region region_;
};

}  // namespace weft
