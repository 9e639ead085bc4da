// The puts of a rank's collectives that are on their way, by peer.
#pragma once

#include <weft/error.h>

#include <string>
#include <vector>

#include "executor/world.h"
#include "links/completions.h"

namespace weft::executor {

// A transport refused a put for good.
class PutFailed : public Error {
 public:
  PutFailed(ErrorCode code, const std::string& message, int rank)
      : Error(code, message), rank_(rank) {}
  int rank() const { return rank_; }

 private:
  int rank_;
};

class Outbox {
 public:
  // All outlives it, and `completions` the transports.
  Outbox(const World& world, links::Completions& completions);

  // Posts a put to a rank that is not mapped. False if its transport has no room now: nothing was
  // done, and the caller comes again later. Throws PutFailed.
  bool post(int rank, transport::Put put);

  // Whether all that was posted has completed.
  bool drained() {
    while (!busy_.empty() && completion(busy_.back()).done()) busy_.pop_back();
    return busy_.empty();
  }
  // The ranks to which puts are on their way, and perhaps some whose last one just completed.
  const std::vector<int>& busy() const { return busy_; }
  // The rank was disconnected: what was on its way to it is not any more.
  void abandon(int rank);

 private:
  links::Completion& completion(int rank) { return by_rank_[static_cast<std::size_t>(rank)]; }

  const World& world_;
  links::Completions& completions_;
  std::vector<links::Completion> by_rank_;  // those that were posted to
  std::vector<bool> used_;
  std::vector<int> busy_;
};

}  // namespace weft::executor
