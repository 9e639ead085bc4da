#include "schedule/timeline.h"

#include <algorithm>
#include <map>
#include <utility>

namespace weft::schedule {
namespace {

constexpr double kFlight = 0.7;

double cost(const Step& step) {
  switch (step.kind) {
    case StepKind::copy:
    case StepKind::reduce:
      return 1.0;
    case StepKind::signal:
      return 0.3;
    case StepKind::wait:
      return 0.2;
  }
  return 0;
}

class Run {
 public:
  Run(std::span<const Schedule> ranks, int lane) : ranks_(ranks), lane_(lane) {
    timeline_.spans.resize(ranks.size());
    now_.resize(ranks.size());
  }

  Timeline run() {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
        while (advance(static_cast<int>(rank))) moved = true;
      }
    }
    return std::move(timeline_);
  }

 private:
  bool advance(int rank) {
    const auto r = static_cast<std::size_t>(rank);
    const std::vector<Step>& steps = ranks_[r].lanes[static_cast<std::size_t>(lane_)].steps;
    std::vector<Span>& spans = timeline_.spans[r];
    if (spans.size() == steps.size()) return false;
    const Step& step = steps[spans.size()];
    double ready = now_[r];
    if (step.kind == StepKind::wait) {
      const auto arrival = arrivals_.find({rank, step.signal});
      if (arrival == arrivals_.end()) return false;
      ready = std::max(ready, arrival->second);
    }
    const double end = ready + cost(step);
    const int index = static_cast<int>(spans.size());
    spans.push_back({now_[r], end});
    now_[r] = end;
    timeline_.end = std::max(timeline_.end, end);
    if (step.kind == StepKind::signal) send(rank, index, step.peer, step.signal, end);
    if (step.kind == StepKind::wait) return true;
    for (const Destination& destination : step.dsts) {
      if (destination.place.rank != rank) {
        send(rank, index, destination.place.rank, destination.signal, end);
      }
    }
    return true;
  }

  void send(int from, int step, int to, int slot, double depart) {
    const double arrive = depart + kFlight;
    timeline_.flights.push_back({from, step, to, slot, depart, arrive});
    timeline_.end = std::max(timeline_.end, arrive);
    if (slot != kNoSignal) arrivals_[{to, slot}] = arrive;
  }

  std::span<const Schedule> ranks_;
  int lane_;
  Timeline timeline_;
  std::vector<double> now_;
  std::map<std::pair<int, int>, double> arrivals_;
};

}  // namespace

Timeline make_timeline(std::span<const Schedule> ranks, int lane) { return Run(ranks, lane).run(); }

}  // namespace weft::schedule
