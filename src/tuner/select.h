// Chooses how to run a collective of a size.
#pragma once

#include <weft/communicator.h>

#include <cstddef>
#include <string>

#include "algorithms/registry.h"

namespace weft::tuner {

// What the choice depends on; the same at every rank, so that every rank chooses alike.
struct Query {
  Collective collective = Collective::all_reduce;
  int ranks = 1;
  std::size_t bytes = 0;   // count times the element's size
  bool load_store = true;  // every peer is mapped
  bool crowded = false;    // some machine has more ranks than cores
  bool direct = false;     // every rank's buffers are mapped too
  bool levels = false;     // some ranks are nearer to each other than to others
  // Wanted by name; empty: any. Ignored by collectives that have none of that name.
  std::string_view algorithm = {};
  bool strict = false;  // or it is an error
  Protocol protocol = Protocol::automatic;
  int lanes = 0;  // 0: any
};

struct Choice {
  const algorithms::Algorithm* algorithm = nullptr;
  Protocol protocol =
      Protocol::bulk;  // packet or bulk; packet is a wish: what does not fit goes in bulk
  int lanes = 1;
};

// Throws Error(unsupported) where the wanted algorithm cannot serve that many ranks or needs mapped
// buffers.
Choice select(const Query& query);

// From this size on it pays to work in place where the buffers are mapped everywhere: it saves
// copies and takes one synchronization more, which costs a change of process where ranks share
// cores.
constexpr std::size_t direct_bytes(int ranks) { return std::size_t{ranks <= 2 ? 2u : 16u} << 10; }

// The same for calls that must first tell each other where their buffers are.
inline constexpr std::size_t kAnnouncedBytes = std::size_t{16} << 10;

}  // namespace weft::tuner
