#include "algorithms/compose.h"

#include "algorithms/builder.h"
#include "schedule/layout.h"

#include <weft/collective_traits.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

namespace weft::algorithms {

using schedule::Buffer;
using schedule::Destination;
using schedule::kNoSignal;
using schedule::Operand;
using schedule::Schedule;
using schedule::Step;
using schedule::StepKind;

void BlockMap::add(const std::vector<int>& next) {
  blocks.insert(blocks.end(), next.begin(), next.end());
  bounds.push_back(static_cast<int>(blocks.size()));
}

BlockMap BlockMap::even(int first, int count, int parts) {
  BlockMap map;
  map.blocks.resize(static_cast<std::size_t>(count));
  std::iota(map.blocks.begin(), map.blocks.end(), first);
  for (int part = 1; part <= parts; ++part) map.bounds.push_back(count * part / parts);
  return map;
}

Composer::Composer(const PlanInput& plan, std::string_view algorithm, int blocks)
    : plan_(plan), schedule_(empty_schedule(plan, algorithm, blocks)) {}

int Composer::add_slots(int count) {
  const auto first = schedule_.slot_blocks.size();
  schedule_.slot_blocks.resize(first + static_cast<std::size_t>(count), 1);
  return static_cast<int>(first);
}

Home Composer::add_sums(int first, int most) {
  Home home{.buffer = Buffer::output, .partial = true};
  if (!plan_.wide_sums) return home;
  home.area = static_cast<int>(schedule_.slot_blocks.size());
  home.first = first;
  schedule_.slot_blocks.push_back(most);
  return home;
}

Home Composer::add_scratch(const std::vector<int>& blocks, int most, bool partial) {
  Home home;
  home.partial = partial;
  home.slots.assign(static_cast<std::size_t>(schedule_.blocks), -1);
  int slot = add_slots(most);
  for (const int block : blocks) home.slots[static_cast<std::size_t>(block)] = slot++;
  return home;
}

// A block of the whole. Where a rank's buffer holds its own block alone, that is its first.
Operand Composer::place(const Home& home, int rank, int block) const {
  if (home.area >= 0) {
    return schedule::from_block({Buffer::slot, rank, home.area}, block - home.first);
  }
  const int slot = home.slots.empty() ? -1 : home.slots[static_cast<std::size_t>(block)];
  if (slot >= 0) return {Buffer::slot, rank, slot};
  return {home.buffer, rank, own_block_only(plan_.collective, home.buffer) ? 0 : block};
}

void Composer::push(StepKind kind, int peer, int signal) {
  Step& step = lane_.steps.emplace_back();
  step.kind = kind;
  step.peer = peer;
  step.signal = signal;
}

// Takes the steps of one group's schedule over into the whole: ranks, blocks, places and slots get
// new names.
class Composer::Embedding {
 public:
  Embedding(Composer& whole, const Phase& phase) : whole_(whole), phase_(phase) {
    std::vector<int> slots;
    bool partials = reduces() && (phase.from.partial || !phase.final);
    for (const int size : phase.sizes) {
      const Schedule part = make(0, size, 0);
      merge(slots, part.slot_blocks);
      partials |= part.partials;
    }
    whole.schedule_.partials |= partials;
    lay_out(slots);
  }

  void run() {
    const int size = static_cast<int>(phase_.members.size());
    const Schedule part = make(phase_.own, size, phase_.root);
    std::size_t steps = whole_.lane_.steps.size();
    for (const Step& step : part.lanes[0].steps) steps += parts(step);
    whole_.lane_.steps.reserve(steps);
    for (const Step& step : part.lanes[0].steps) take(step);
  }

 private:
  Schedule make(int rank, int ranks, int root) const {
    PlanInput input;
    input.collective = phase_.collective;
    input.rank = rank;
    input.ranks = ranks;
    input.root = root;
    input.load_store = phase_.load_store;
    input.wide_sums = whole_.plan_.wide_sums;
    return phase_.generator(input);
  }

  static void merge(std::vector<int>& slots, const std::vector<int>& more) {
    if (slots.size() < more.size()) slots.resize(more.size(), 0);
    for (std::size_t i = 0; i < more.size(); ++i) slots[i] = std::max(slots[i], more[i]);
  }

  // One by one, a slot becomes as many as it may hold blocks.
  void lay_out(const std::vector<int>& slots) {
    std::vector<int>& all = whole_.schedule_.slot_blocks;
    for (const int blocks : slots) {
      numbers_.push_back(static_cast<int>(all.size()));
      const int room = blocks * phase_.widest;
      if (!phase_.one_by_one || room == 0) {
        all.push_back(room);
      } else {
        all.insert(all.end(), static_cast<std::size_t>(room), 1);
      }
    }
  }

  int member(int number) const { return phase_.members[static_cast<std::size_t>(number)]; }
  int slot_number(int slot, int part) const {
    return slot == kNoSignal ? kNoSignal : numbers_[static_cast<std::size_t>(slot)] + part;
  }

  // What of a step is done at once: blocks of the map from `first` on.
  struct Part {
    int block = 0;   // the step's first
    int number = 0;  // of the step's parts
    int first = 0;
    int count = 0;
  };

  // How many steps it becomes, at most.
  std::size_t parts(const Step& step) const {
    if (step.blocks == 0 || !phase_.one_by_one) return 1;
    const auto bound = [&](int block) {
      return phase_.map.bounds[static_cast<std::size_t>(block)];
    };
    return static_cast<std::size_t>(
        std::max(1, bound(step.block + step.blocks) - bound(step.block)));
  }

  void take(const Step& step) {
    if (step.blocks == 0) return take_signal(step);
    const int first = phase_.map.bounds[static_cast<std::size_t>(step.block)];
    const int end = phase_.map.bounds[static_cast<std::size_t>(step.block + step.blocks)];
    if (first == end) return take_signals_only(step);
    if (!phase_.one_by_one) return take_data(step, {step.block, 0, first, end - first});
    for (int i = first; i < end; ++i) take_data(step, {step.block, i - first, i, 1});
  }

  void take_signal(const Step& step) {
    whole_.push(step.kind, member(step.peer), slot_number(step.signal, 0));
  }

  // Nothing to move, but a wait is there for every signal.
  void take_signals_only(const Step& step) {
    if (step.kind == StepKind::wait) return take_signal(step);
    for (const Destination& destination : step.dsts) {
      if (destination.signal == kNoSignal) continue;
      whole_.push(StepKind::signal, member(destination.place.rank),
                  slot_number(destination.signal, 0));
    }
  }

  bool reduces() const { return traits_of(phase_.collective).reduces; }

  // Whether what a place of the part holds is a partial sum of the whole: what the phase begins
  // with may be one, and what it ends with is one unless it is the last that reduces.
  bool holds_partial(const Operand& place) const {
    if (!reduces()) return false;
    if (place.partial) return true;
    const bool result = place.buffer == Buffer::output ||
                        (place.buffer == Buffer::slot && results_.contains(place.index));
    return result ? !phase_.final : phase_.from.partial;
  }

  bool becomes_partial(const Step& step, const Operand& target) const {
    if (step.kind == StepKind::copy && target.buffer == Buffer::slot)
      return holds_partial(step.srcs[0]);
    return step.final ? !phase_.final : holds_partial(target);
  }

  void take_data(const Step& step, const Part& part) {
    for (const Destination& destination : step.dsts) {
      if (step.final && destination.place.buffer == Buffer::slot)
        results_.insert(destination.place.index);
    }
    Step taken;
    taken.kind = step.kind;
    taken.block = phase_.map.blocks[static_cast<std::size_t>(part.first)];
    taken.blocks = part.count;
    taken.final = step.final && phase_.final;
    if (step.kind == StepKind::wait) {
      taken.peer = member(step.peer);
      taken.signal = slot_number(step.signal, part.number);
    }
    for (const Operand& source : step.srcs)
      taken.srcs.push_back(place(source, part, holds_partial(source)));
    for (const Destination& destination : step.dsts) {
      const Operand target =
          place(destination.place, part, becomes_partial(step, destination.place));
      const bool there = step.kind == StepKind::copy && target == taken.srcs[0];
      if (there) continue;
      taken.dsts.push_back({target, slot_number(destination.signal, part.number)});
    }
    if (!taken.dsts.empty()) whole_.lane_.steps.push_back(std::move(taken));
  }

  Operand place(const Operand& operand, const Part& part, bool partial) const {
    Operand taken = place(operand, part);
    taken.partial = partial;
    return taken;
  }

  Operand place(const Operand& operand, const Part& part) const {
    const int rank = member(operand.rank);
    if (operand.buffer == Buffer::slot) {
      const int before = blocks_before(part.block, operand.offset);
      if (phase_.one_by_one)
        return {Buffer::slot, rank, slot_number(operand.index, part.number + before)};
      return schedule::from_block({Buffer::slot, rank, slot_number(operand.index, 0)}, before);
    }
    const Home& home = operand.buffer == Buffer::input ? phase_.from : phase_.to;
    return whole_.place(home, rank, phase_.map.blocks[static_cast<std::size_t>(part.first)]);
  }

  // Blocks of the whole that lie before the part's `block` in a slot, where it is at `offset`.
  int blocks_before(int block, int offset) const {
    const auto at = static_cast<std::size_t>(block);
    return phase_.map.bounds[at] - phase_.map.bounds[at - static_cast<std::size_t>(offset)];
  }

  Composer& whole_;
  const Phase& phase_;
  std::vector<int> numbers_;  // by slot of the part: the first number in the whole
  std::set<int> results_;     // own slots of the part that hold its result
};

void Composer::add(const Phase& phase) {
  Embedding embedding(*this, phase);
  if (phase.own >= 0) embedding.run();
}

void Composer::move(int block, const Operand& from, const Destination& to) {
  Step& step = lane_.steps.emplace_back();
  step.kind = StepKind::copy;
  step.block = block;
  step.blocks = 1;
  step.srcs = {from};
  step.dsts = {to};
}

void Composer::copy_to_output(int block, const Home& from) {
  move(block, place(from, plan_.rank, block),
       {place({.buffer = Buffer::output}, plan_.rank, block), kNoSignal});
}

void Composer::hand_over(const std::vector<Handing>& handings, int most, const Home& from,
                         Home* arrived) {
  const int first = add_slots(most);
  std::vector<int> slots;  // the first of each handing
  std::map<int, int> taken;
  for (const Handing& handing : handings) {
    int& next = taken.try_emplace(handing.to, first).first->second;
    slots.push_back(std::exchange(next, next + static_cast<int>(handing.blocks.size())));
  }
  for (std::size_t h = 0; h < handings.size(); ++h) {
    if (plan_.rank == handings[h].from) send(handings[h], slots[h], from);
  }
  arrived->slots.resize(static_cast<std::size_t>(schedule_.blocks), -1);
  for (std::size_t h = 0; h < handings.size(); ++h) {
    if (plan_.rank == handings[h].to) receive(handings[h], slots[h], arrived);
  }
}

void Composer::send(const Handing& handing, int slot, const Home& from) {
  for (const int block : handing.blocks) {
    move(block, place(from, plan_.rank, block), {{Buffer::slot, handing.to, slot}, slot});
    ++slot;
  }
}

void Composer::receive(const Handing& handing, int slot, Home* arrived) {
  for (const int block : handing.blocks) {
    arrived->slots[static_cast<std::size_t>(block)] = slot;
    push(StepKind::wait, handing.from, slot);
    Step& wait = lane_.steps.back();
    wait.block = block;
    wait.blocks = 1;
    wait.dsts = {{{Buffer::slot, plan_.rank, slot}, kNoSignal}};
    ++slot;
  }
}

Schedule Composer::build() {
  schedule_.lanes.assign(static_cast<std::size_t>(plan_.lanes - 1), lane_);
  schedule_.lanes.push_back(std::move(lane_));
  return std::move(schedule_);
}

}  // namespace weft::algorithms
