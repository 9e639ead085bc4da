#include "algorithms/builder.h"

#include <weft/collective_traits.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace weft::algorithms {

using schedule::Destination;
using schedule::kMaxDestinations;
using schedule::kMaxSources;
using schedule::Operand;
using schedule::partial;
using schedule::Schedule;
using schedule::Step;
using schedule::StepKind;

Schedule empty_schedule(const PlanInput& plan, std::string_view algorithm, int blocks) {
  Schedule schedule;
  schedule.algorithm = algorithm;
  schedule.collective = plan.collective;
  schedule.rank = plan.rank;
  schedule.ranks = plan.ranks;
  schedule.root = plan.root;
  schedule.blocks = blocks;
  return schedule;
}

int around(int rank, int distance, int ranks) {
  return ((rank + distance) % ranks + ranks) % ranks;
}

int log2_up(int value) { return std::bit_width(static_cast<unsigned>(value - 1)); }
int log2_down(int value) { return std::bit_width(static_cast<unsigned>(value)) - 1; }

Builder::Builder(const PlanInput& plan, std::string_view algorithm, int blocks, bool direct)
    : plan_(plan), schedule_(empty_schedule(plan, algorithm, blocks)) {
  plan_.load_store |= direct;
  schedule_.direct = direct;
}

int Builder::add_slots(int count, int blocks) {
  const int first = static_cast<int>(schedule_.slot_blocks.size());
  schedule_.slot_blocks.insert(schedule_.slot_blocks.end(), static_cast<std::size_t>(count),
                               blocks);
  return first;
}

Step& Builder::add(StepKind kind, Blocks what) {
  Step& step = lane_.steps.emplace_back();
  step.kind = kind;
  step.block = what.first;
  step.blocks = what.count;
  return step;
}

int Builder::add_scratch() {
  const bool several_steps = plan_.ranks > kMaxSources;
  schedule_.partials |= several_steps;
  return add_slots(several_steps ? 1 : 0, 1);
}

bool Builder::local(const Destination& destination) const {
  return destination.place.rank == plan_.rank;
}

void Builder::copy(Blocks what, const Operand& src, const std::vector<Destination>& dsts) {
  std::vector<Destination> now;
  const auto flush = [&] {
    if (now.empty()) return;
    Step& step = add(StepKind::copy, what);
    step.srcs = {src};
    step.dsts.assign(now.begin(), now.end());
    now.clear();
  };
  for (const Destination& destination : dsts) {
    const bool mixed = !now.empty() && local(now.back()) != local(destination);
    const bool full = now.size() == kMaxDestinations;
    if (full || (mixed && !plan_.load_store)) flush();
    now.push_back(destination);
  }
  flush();
}

void Builder::reduce_step(Blocks what, const std::vector<Operand>& srcs,
                          const std::vector<Destination>& dsts, bool final) {
  Step& step = add(StepKind::reduce, what);
  step.dsts.assign(dsts.begin(), dsts.end());
  for (Destination& destination : step.dsts) destination.place.partial = !final;
  step.srcs.assign(srcs.begin(), srcs.end());
  step.final = final;
}

void Builder::reduce(Blocks what, const std::vector<Operand>& srcs,
                     const std::vector<Destination>& dsts, const Operand& via, bool final) {
  std::vector<Operand> part;
  for (const Operand& source : srcs) {
    if (part.size() == kMaxSources) {
      reduce_step(what, std::exchange(part, {partial(via)}), {to(via)}, false);
    }
    part.push_back(source);
  }
  // The last step writes to as many destinations as it can; copies from a local one serve the rest.
  std::vector<Destination> now, later;
  for (const Destination& destination : dsts) {
    if (local(destination)) now.push_back(destination);
  }
  const std::size_t remote = dsts.size() - now.size();
  const bool fits = plan_.load_store && dsts.size() <= kMaxDestinations;
  if (now.empty() && !fits) now.push_back(to(via));
  Operand copied = now.empty() ? via : now.front().place;
  copied.partial = !final;
  for (Destination destination : dsts) {
    if (local(destination)) continue;
    destination.place.partial = !final;
    (plan_.load_store && now.size() < kMaxDestinations ? now : later).push_back(destination);
  }
  reduce_step(what, part, now, final);
  if (remote > 0) copy(what, copied, later);
}

void Builder::signal(int peer, int number) {
  Step& step = add(StepKind::signal);
  step.peer = peer;
  step.signal = number;
}

void Builder::wait(int peer, int number) {
  Step& step = add(StepKind::wait);
  step.peer = peer;
  step.signal = number;
}

void Builder::trailing_signal(int peer, int number) {
  signal(peer, number);
  lane_.steps.back().trailing = true;
}

void Builder::trailing_wait(int peer, int number) {
  wait(peer, number);
  lane_.steps.back().trailing = true;
}

void Builder::wait(int peer, int number, Blocks what, const Operand& place) {
  Step& step = add(StepKind::wait, what);
  step.dsts = {to(place)};
  step.peer = peer;
  step.signal = number;
}

Operand Builder::wait_slot(int peer, int number, Blocks what, bool partial) {
  Operand place = slot(plan_.rank, number);
  place.partial = partial;
  wait(peer, number, what, place);
  return place;
}

void Builder::each_to(int first, void (Builder::*step)(int, int)) {
  for (int distance = 1; distance < plan_.ranks; ++distance) {
    const int peer = around(plan_.rank, distance, plan_.ranks);
    (this->*step)(peer, from_peer(first, plan_.rank, peer));
  }
}

void Builder::each_from(int first, void (Builder::*step)(int, int)) {
  for (int distance = 1; distance < plan_.ranks; ++distance) {
    const int peer = around(plan_.rank, -distance, plan_.ranks);
    (this->*step)(peer, from_peer(first, peer, plan_.rank));
  }
}

void Builder::signal_all(int first) { each_to(first, &Builder::signal); }
void Builder::wait_all(int first) { each_from(first, &Builder::wait); }
void Builder::trailing_signal_all(int first) { each_to(first, &Builder::trailing_signal); }
void Builder::trailing_wait_all(int first) { each_from(first, &Builder::trailing_wait); }

void Builder::scatter(int first) {
  for (int distance = 1; distance < plan_.ranks; ++distance) {
    const int q = around(plan_.rank, distance, plan_.ranks);
    copy({q}, input(plan_.rank, q), {to_slot(q, from_peer(first, plan_.rank, q))});
  }
}

std::vector<Operand> Builder::wait_shares(int first) {
  const int r = plan_.rank;
  std::vector<Operand> shares;
  for (int q = 0; q < plan_.ranks; ++q) {
    const int number = from_peer(first, q, r);
    if (q != r) wait_slot(q, number, {r});
    shares.push_back(q == r ? input(r, r) : slot(r, number));
  }
  return shares;
}

void Builder::end_lane() { schedule_.lanes.push_back(std::exchange(lane_, {})); }

Schedule Builder::build() {
  if (schedule_.lanes.empty()) {
    schedule_.lanes.assign(static_cast<std::size_t>(plan_.lanes - 1), lane_);
    end_lane();
  }
  return std::move(schedule_);
}

Schedule Builder::alone() {
  if (traits_of(plan_.collective).moves_data()) {
    copy({0, schedule_.blocks}, input(plan_.rank, 0), {to(output(plan_.rank, 0))});
  }
  return build();
}

}  // namespace weft::algorithms
