// Chooses how calls of a job run: by wish, by what was measured, else by price.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <tuple>
#include <vector>

#include "tuner/choice.h"
#include "tuner/cost.h"
#include "tuner/rules.h"
#include "tuner/situation.h"
#include "tuner/tuning.h"

namespace weft::tuner {

// What the choice depends on; the same at every rank, so that every rank chooses alike.
struct Query {
  Collective collective = Collective::all_reduce;
  std::size_t bytes = 0;  // count times the element's size
  bool direct = false;    // every rank's buffers are mapped
  // Partial sums take more bytes than elements (f16 and bf16, where they are rounded).
  bool wide_sums = false;
  // Wanted; what is empty, automatic or 0 is free. An algorithm that the collective does not have
  // or that cannot serve is passed over, unless `strict`.
  std::string_view algorithm = {};
  bool strict = false;
  Protocol protocol = Protocol::automatic;
  int lanes = 0;
};

struct Candidate {
  Choice choice;
  double predicted_ns = 0;
};

class Tuner {
 public:
  Tuner(Situation situation, const Tuning& tuning);

  // Throws Error(unsupported) where nothing can serve, or what is strictly wanted cannot.
  Choice select(const Query& query);
  // All that can serve, the cheapest first. Empty above kMostPricedRanks ranks.
  std::vector<Candidate> candidates(const Query& query);

  const Situation& situation() const { return situation_; }
  bool measured() const { return measured_ != nullptr; }

  // Above so many ranks pricing all schedules takes too long; rules of thumb choose (rules.h).
  static constexpr int kMostPricedRanks = 64;

 private:
  using Key = std::tuple<const algorithms::Algorithm*, int, bool>;  // lanes, wide sums

  Case case_of(const Query& query) const;
  const algorithms::Algorithm* wanted(const Query& query) const;
  const MeasuredChoice* table_entry(const Query& query) const;
  Choice by_price(const Query& query);
  const Workload* workload(const algorithms::Algorithm& algorithm, int lanes, bool wide_sums);
  void add(const algorithms::Algorithm& algorithm, const Query& query,
           std::vector<Candidate>& candidates);

  const Situation situation_;
  std::unique_ptr<Measured> measured_;
  std::unique_ptr<Fabric> fabric_;
  std::unique_ptr<Pricer> pricer_;
  std::map<Key, std::unique_ptr<Workload>> workloads_;  // null: does not fit
};

}  // namespace weft::tuner
