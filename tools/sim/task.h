// One piece of work for a thread.
#pragma once

#include <functional>

#include "sweep.h"

namespace weft::tools {

bool all_mapped(const tuner::Fabric& fabric);
algorithms::PlanInput plan_of(const Sweep& sweep, const SimOptions& options, int lanes);

// One candidate with one number of lanes: its schedules are made once for all sizes. The sweep and
// the options outlive it.
class Task {
 public:
  Task(const Sweep& sweep, const SimOptions& options, SimulatedAlgorithm& candidate, int lanes)
      : sweep_(&sweep), options_(&options), candidate_(&candidate), lanes_(lanes) {}

  std::uint64_t steps() const { return candidate_->steps * static_cast<std::uint64_t>(lanes_); }
  SimulatedAlgorithm& candidate() const { return *candidate_; }

  // Prices the sizes; tells each price as it is found, bulk and packets each.
  void run(const std::function<void(std::size_t size, const Price&)>& found) const;

 private:
  // What was priced last, and how it was cut.
  struct Last {
    tuner::Prediction prediction;
    std::size_t chunk = 0;
  };

  bool fits(const tuner::Workload& workload) const;
  tuner::Message message_of(std::size_t bytes) const;
  Price bulk(const tuner::Workload& workload, const tuner::Message& message, tuner::Pricer& pricer,
             Last& last) const;
  int most_passes() const;
  bool packets_fit(const tuner::Workload& workload, const tuner::Message& message) const;
  Price price_of(const tuner::Prediction& prediction, Protocol protocol) const;

  const Sweep* sweep_;
  const SimOptions* options_;
  SimulatedAlgorithm* candidate_;
  int lanes_;
};

}  // namespace weft::tools
