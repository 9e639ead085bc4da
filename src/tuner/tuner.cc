#include "tuner/tuner.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/error.h"

namespace weft::tuner {
namespace {

using algorithms::Algorithm;

std::unique_ptr<Measured> copied(const Measured* measured) {
  return measured == nullptr ? nullptr : std::make_unique<Measured>(*measured);
}

// Sizes up to which packets may be quicker than a payload and its signal.
constexpr std::size_t kMostPacketBytes = 256;
// From here on it may pay to cut a message in parts that run side by side.
constexpr std::size_t kLeastLaneBytes = std::size_t{32} << 10;

}  // namespace

Tuner::Tuner(Situation situation, const Tuning& tuning)
    : situation_(std::move(situation)), measured_(copied(tuning.find(situation_.name))) {
  if (situation_.ranks > kMostPricedRanks) return;
  fabric_ = std::make_unique<Fabric>(fabric_of(situation_, measured_.get()));
  pricer_ = std::make_unique<Pricer>(*fabric_);
}

Case Tuner::case_of(const Query& query) const {
  return {.collective = query.collective,
          .ranks = situation_.ranks,
          .bytes = query.bytes,
          .load_store = situation_.load_store,
          .crowded = situation_.crowded,
          .copied = situation_.network.processor_ns_per_byte > 0,
          .direct = query.direct,
          .levels = !situation_.shape.levels.empty()};
}

const Algorithm* Tuner::wanted(const Query& query) const {
  if (query.algorithm.empty()) return nullptr;
  const Algorithm* algorithm = algorithms::find(query.collective, query.algorithm);
  if (algorithm == nullptr) return nullptr;
  const Case given = case_of(query);
  if (can_serve(*algorithm, given)) return algorithm;
  if (!query.strict && (algorithm->direct || algorithm->hierarchical)) return nullptr;
  fail(ErrorCode::unsupported, "{} {} cannot serve {} ranks{}", name_of(query.collective),
       algorithm->name, given.ranks,
       algorithm->direct && !given.direct         ? " whose buffers are not all mapped"
       : algorithm->hierarchical && !given.levels ? " that are all equally far from each other"
                                                  : "");
}

const MeasuredChoice* Tuner::table_entry(const Query& query) const {
  if (measured_ == nullptr) return nullptr;
  const Case given = case_of(query);
  for (const MeasuredChoice& choice : measured_->choices) {
    if (choice.collective != query.collective || choice.direct != query.direct) continue;
    if (choice.bytes != std::bit_ceil(std::max<std::size_t>(query.bytes, 1))) continue;
    const Algorithm* algorithm = algorithms::find(choice.collective, choice.algorithm);
    if (algorithm != nullptr && can_serve(*algorithm, given)) return &choice;
  }
  return nullptr;
}

Choice Tuner::select(const Query& query) {
  Choice choice;
  if (const Algorithm* algorithm = wanted(query); algorithm != nullptr) {
    choice = by_rule(case_of(query), *algorithm);
  } else if (const MeasuredChoice* entry = table_entry(query); entry != nullptr) {
    choice = {algorithms::find(entry->collective, entry->algorithm), entry->protocol, entry->lanes};
  } else {
    choice = by_price(query);
  }
  if (query.protocol != Protocol::automatic) choice.protocol = query.protocol;
  if (!situation_.load_store || choice.algorithm->direct) choice.protocol = Protocol::bulk;
  if (query.lanes > 0) choice.lanes = query.lanes;
  return choice;
}

// The model is not exact: among prices that are nearly equal the rule of thumb decides. Where ranks
// share cores it is coarser: over a network it does not see what ranks that wait cost the others,
// inside a host not which ranks share a core and its caches.
Choice Tuner::by_price(const Query& query) {
  const double crowded = situation_.load_store ? 1.40 : 1.25;
  const double nearly = situation_.crowded ? crowded : 1.10;
  const Choice rule = by_rule(case_of(query));
  const auto priced = candidates(query);
  const auto found = std::ranges::find(priced, rule, &Candidate::choice);
  if (priced.empty()) return rule;
  const double least = priced.front().predicted_ns;
  const bool as_good = found != priced.end() && found->predicted_ns <= least * nearly;
  return as_good ? rule : priced.front().choice;
}

const Workload* Tuner::workload(const Algorithm& algorithm, int lanes, bool wide_sums) {
  const auto [entry, added] = workloads_.try_emplace({&algorithm, lanes, wide_sums});
  if (!added) return entry->second.get();
  algorithms::PlanInput plan;
  plan.collective = algorithm.collective;
  plan.ranks = situation_.ranks;
  plan.lanes = lanes;
  plan.load_store = situation_.load_store;
  plan.wide_sums = wide_sums;
  plan.shape = &situation_.shape;
  auto workload = std::make_unique<Workload>(algorithm, plan);
  const bool fits_slots = static_cast<std::size_t>(workload->slots()) <= situation_.signals &&
                          fits(*workload, situation_.slot_bytes);
  if (fits_slots) entry->second = std::move(workload);
  return entry->second.get();
}

void Tuner::add(const Algorithm& algorithm, const Query& query,
                std::vector<Candidate>& candidates) {
  const int most_lanes = query.bytes >= kLeastLaneBytes && !situation_.load_store ? 2 : 1;
  for (int lanes = 1; lanes <= most_lanes; ++lanes) {
    const Workload* priced = workload(algorithm, lanes, query.wide_sums);
    if (priced == nullptr) continue;
    for (const Protocol protocol : {Protocol::packet, Protocol::bulk}) {
      if (protocol == Protocol::packet &&
          (!situation_.load_store || algorithm.direct || query.bytes > kMostPacketBytes))
        continue;
      constexpr std::size_t kElement = 4;
      const Message message{.count = std::max<std::size_t>(query.bytes / kElement, 1),
                            .element_bytes = kElement,
                            .protocol = protocol,
                            .slot_bytes = situation_.slot_bytes};
      candidates.push_back({{&algorithm, protocol, lanes}, pricer_->price(*priced, message).ns});
    }
  }
}

std::vector<Candidate> Tuner::candidates(const Query& query) {
  std::vector<Candidate> result;
  if (pricer_ == nullptr) return result;
  const Case given = case_of(query);
  for (const Algorithm& algorithm : algorithms::all()) {
    if (can_serve(algorithm, given)) add(algorithm, query, result);
  }
  std::ranges::stable_sort(result, {}, &Candidate::predicted_ns);
  return result;
}

}  // namespace weft::tuner
