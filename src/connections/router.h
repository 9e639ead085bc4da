// Finds each pair of ranks its transport: both sides must be able to use it, and both must choose
// the same.
#pragma once

#include <weft/blob.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/blob.h"
#include "connections/routes.h"
#include "transport/transports.h"

namespace weft {

// What a rank tells the others about one of its transports.
struct TransportOffer {
  std::string name;
  int priority = 0;
  bool load_store = false;
  transport::RoughCost cost;
  Blob address;

  void write(BlobWriter& writer) const;
  static TransportOffer read(BlobReader& reader);
};

std::vector<TransportOffer> offers_of(const Transports& transports);
void write_offers(BlobWriter& writer, const std::vector<TransportOffer>& offers);
std::vector<TransportOffer> read_offers(BlobReader& reader);

// What lies between ranks that do not map each other's memory.
struct Between {
  std::string names;          // "ucx", "ucx and verbs"; empty: all do
  transport::RoughCost cost;  // of the costliest
};

class Router {
 public:
  // `machines`: by rank, the machine it runs on. All references outlive it.
  Router(const Transports& transports, const Routes& routes, int rank,
         std::vector<std::string> machines);

  // Takes what all ranks offer and connects this rank to each peer that has no way yet, over the
  // best transport that can. Returns what exchange() of the others needs to know.
  Blob connect(std::vector<std::vector<TransportOffer>> offers);
  // Takes what connect() returned at every rank. Afterwards every pair has the same way at both
  // ends, or none. Throws Error(unsupported) where a way that the other side found does not open
  // here.
  void agree(const std::vector<Blob>& found);

  // Whether some pair, anywhere, has no way; the same at every rank.
  bool incomplete() const;
  // The transport for a peer; null: there is none.
  const OpenTransport* way(int peer) const;
  // Why there is none: what each transport said.
  std::string reasons(int peer) const;
  // Of some ranks, by their places among them: the number of each one's host. They are on one host
  // where they map each other's memory.
  std::vector<int> hosts(std::span<const int> ranks) const;
  // What lies between them.
  Between between(std::span<const int> ranks) const;
  // "shm: 0-1; ucx: 2-7": what this rank reaches them over, by their places among them.
  std::string describe(std::span<const int> ranks) const;

 private:
  // A transport's number among all that any rank offers; kNone: none.
  using Name = std::int16_t;
  static constexpr Name kNone = -1;

  void take_offers(std::vector<std::vector<TransportOffer>> offers);
  Name number_of(const std::string& name) const;
  std::vector<std::string> wanted(int peer) const;
  bool try_connect(int peer, const std::string& name);
  const TransportOffer* offer(int rank, Name name) const;
  Name agreed(int a, int b) const;

  const Transports& transports_;
  const Routes& routes_;
  int rank_;
  std::vector<std::string> machines_;
  std::vector<std::string> names_;                   // sorted
  std::vector<std::vector<TransportOffer>> offers_;  // by rank
  std::vector<std::string> mine_;                    // by peer: what connected here
  std::vector<std::vector<std::string>> refused_;    // by peer
  std::vector<std::vector<std::string>> tried_;      // by peer: connected to, or not
  std::vector<std::vector<Name>> found_;             // by rank and peer: what connected there
};

}  // namespace weft
