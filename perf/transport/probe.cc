#include "perf/transport/probe.h"

#include <algorithm>
#include <array>
#include <vector>

#include "communicator/setup/situation.h"
#include "perf/common/statistics.h"
#include "perf/transport/put_pair.h"

namespace weft::perf {
namespace {

constexpr std::size_t kSmall = 8;
constexpr std::size_t kLarge = std::size_t{1} << 20;
constexpr std::array kPauses = {0U, 1U, 2U, 3U, 4U, 6U, 8U, 12U, 16U};

// The rank that rank 0 is measured with, -1: there is none; the same at every rank.
int target(const tuner::Situation& situation, tuner::Relation relation) {
  const std::vector<tuner::Place>& places = situation.places;
  const auto found = std::find_if(places.begin() + 1, places.end(), [&](const auto& place) {
    return tuner::relation_of(places.front(), place) == relation;
  });
  return found == places.end() ? -1 : static_cast<int>(found - places.begin());
}

tuner::Situation situation_of_all(const Connections& connections) {
  return situation_of(connections, connections.numbers(), {});
}

double median_of_trips(PutPair& pair, std::uint64_t* signal) {
  ping_pong(pair, kSmall, 200, signal);
  return summarize(ping_pong(pair, kSmall, 2000, signal)).median * 1e3;
}

// Both sides: how many pauses between two looks give the quickest trips, in turns. What is used now
// stands unless another is better by more than such a measurement errs.
unsigned best_pauses(PutPair& pair, std::uint64_t* signal) {
  constexpr int kRounds = 7;
  constexpr double kNoise = 0.03;
  const unsigned now = poll_pauses();
  std::map<unsigned, std::vector<double>> trips;
  for (int round = 0; round < kRounds; ++round) {
    for (const unsigned pauses : kPauses) {
      set_poll_pauses(pauses);
      trips[pauses].push_back(summarize(ping_pong(pair, kSmall, 500, signal)).median);
    }
  }
  set_poll_pauses(now);
  const auto trip = [&](unsigned pauses) { return median_of(trips.at(pauses)); };
  const unsigned best = *std::ranges::min_element(kPauses, {}, trip);
  return trips.contains(now) && trip(now) * (1 - kNoise) <= trip(best) ? now : best;
}

// Nanoseconds of one of many puts on their way.
double gap(PutPair& pair, std::size_t bytes, std::size_t count) {
  std::vector<double> samples;
  for (int i = 0; i < 5; ++i)
    samples.push_back(stream(pair, bytes, count) * 1e9 / static_cast<double>(count));
  return median_of(samples);
}

// At rank 0. A put's time on the processor is what is left of the gap between many small ones;
// where the processor moves the bytes, it is as busy as the wire.
tuner::Link measure(PutPair& pair, std::uint64_t* signal) {
  const transport::Capabilities capabilities = pair.way().transport->capabilities();
  const double trip = median_of_trips(pair, signal);
  const double small = gap(pair, kSmall, 500);
  const double per_byte = gap(pair, kLarge, 20) / static_cast<double>(kLarge);
  tuner::Link link;
  link.load_store = capabilities.load_store;
  link.send_ns = std::min(small, trip / 3);
  link.receive_ns = link.load_store ? std::min(40.0, trip / 3) : link.send_ns;
  link.latency_ns = trip - link.send_ns - link.receive_ns;
  const bool by_processor = link.load_store || capabilities.cost.processor_ns_per_byte > 0;
  if (by_processor) link.send_ns_per_byte = per_byte;
  if (by_processor) link.receive_ns_per_byte = link.load_store ? per_byte / 2 : per_byte;
  if (!link.load_store) link.ns_per_byte = per_byte;
  return link;
}

// The passive side of measure().
void serve(PutPair& pair, std::uint64_t* signal) {
  median_of_trips(pair, signal);
  pair.await_signal_asleep(++*signal);
}

}  // namespace

Probed probe_links(const Options& options) {
  Probed probed;
  tuner::Situation situation;
  for (const tuner::Relation relation : tuner::kRelations) {
    const bool known = !situation.places.empty();
    if (known && target(situation, relation) < 0) continue;
    PutPair pair(options, kLarge, [&](const Connections& connections) {
      situation = situation_of_all(connections);
      const int peer = target(situation, relation);
      const int rank = connections.self();
      return rank == 0 ? peer : rank == peer ? 0 : -1;
    });
    probed.situation = situation.name;
    std::uint64_t signal = 0;
    // What serves the nearest pair.
    const bool mapped = pair.partner() >= 0 && pair.way().load_store;
    if (mapped && !probed.poll_pauses) probed.poll_pauses = best_pauses(pair, &signal);
    if (pair.partner() >= 0 && pair.first()) {
      probed.links[tuner::name_of(relation)] = measure(pair, &signal);
      pair.post(0, ++signal, nullptr);
    } else if (pair.partner() >= 0) {
      serve(pair, &signal);
    }
    pair.barrier();
  }
  return probed;
}

}  // namespace weft::perf
