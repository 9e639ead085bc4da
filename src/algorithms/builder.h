// Shorthand that generators share: operands, steps that keep to the limits, patterns of signals.
#pragma once

#include "algorithms/plan_input.h"
#include "schedule/schedule.h"

#include <string_view>
#include <vector>

namespace weft::algorithms {

// `count` consecutive logical blocks.
struct Blocks {
  int first = 0;
  int count = 1;
};

inline schedule::Operand input(int rank, int block) {
  return {schedule::Buffer::input, rank, block};
}
inline schedule::Operand output(int rank, int block) {
  return {schedule::Buffer::output, rank, block};
}
inline schedule::Operand slot(int rank, int number) {
  return {schedule::Buffer::slot, rank, number};
}

// A peer's slot (raises its signal), a peer's output delivered with slot signal `signal`, or a
// place told of later or local.
inline schedule::Destination to_slot(int rank, int number) { return {slot(rank, number), number}; }
inline schedule::Destination to_output(int rank, int block, int signal) {
  return {output(rank, block), signal};
}
inline schedule::Destination to(const schedule::Operand& place) {
  return {place, schedule::kNoSignal};
}

// A schedule of a plan's rank without slots or lanes.
schedule::Schedule empty_schedule(const PlanInput& plan, std::string_view algorithm, int blocks);

// (rank + distance) modulo ranks, for any distance of either sign.
int around(int rank, int distance, int ranks);

// The number of a receiver's slot for a sender, where each rank has one for each peer: memory that
// is not reserved for oneself leaves room for one more turn of the slots.
inline int from_peer(int first, int sender, int receiver) {
  return first + sender - (sender > receiver ? 1 : 0);
}

// Smallest k with 2^k >= value, largest k with 2^k <= value; value >= 1.
int log2_up(int value);
int log2_down(int value);

// Puts together one rank's schedule. Every lane gets its own slice of every block, so a generator
// writes one lane and build() makes plan.lanes equal ones of it, unless it ended lanes itself with
// end_lane().
class Builder {
 public:
  Builder(const PlanInput& plan, std::string_view algorithm, int blocks, bool direct = false);

  // Takes memory for about that many steps of a lane at once: a list of many thousands that grows
  // step by step needs three times as much.
  void reserve(int steps) { lane_.steps.reserve(static_cast<std::size_t>(steps)); }

  // Adds `count` slots with room for `blocks` blocks each and returns the first one's number. The
  // same at every rank.
  int add_slots(int count, int blocks);

  // A slot for each peer, with room for `blocks` blocks: from_peer(first, sender, receiver) at the
  // receiver. Returns the first one's number.
  int add_peer_slots(int blocks) { return add_slots(plan_.ranks - 1, blocks); }

  // A place for partial results of a reduction over all ranks, if it takes more than one step: one
  // slot with room for a block, or none. Returns its number.
  int add_scratch();

  // Says that partial sums of up to all ranks but one go through slots. The same at every rank.
  void keep_partial_sums() { schedule_.partials = plan_.ranks > 2; }

  // dsts <- src, in as many steps as the limits ask for. A put step never has a local destination
  // unless the plan says load_store.
  void copy(Blocks what, const schedule::Operand& src,
            const std::vector<schedule::Destination>& dsts);

  // dsts <- srcs[0] op srcs[1] ..., in this order. `via` is a local place that may take partial
  // results: when there are more sources than a step takes, or when no destination is local and a
  // step cannot write to all of them. It must alias no source in place. `final`: the result holds
  // every rank's contribution; otherwise it is partial, wherever it goes.
  void reduce(Blocks what, const std::vector<schedule::Operand>& srcs,
              const std::vector<schedule::Destination>& dsts, const schedule::Operand& via,
              bool final);

  void signal(int peer, int number);
  void wait(int peer, int number);
  // A wait for blocks that the peer put at `place`: own slot `number`, or own output.
  void wait(int peer, int number, Blocks what, const schedule::Operand& place);
  // The same for the own slot, which it returns: one rank's contribution, or a partial sum.
  schedule::Operand wait_slot(int peer, int number, Blocks what = {}, bool partial = false);

  // Makes it a schedule whose passes trail, which alone has the steps that follow.
  void trail() { schedule_.trails = true; }
  void trailing_signal(int peer, int number);
  void trailing_wait(int peer, int number);
  // As signal_all() and wait_all().
  void trailing_signal_all(int first);
  void trailing_wait_all(int first);

  // Signals every peer on its slot for this rank, nearest rank first; waits for every peer's
  // signal. `first`: of add_peer_slots().
  void signal_all(int first);
  void wait_all(int first);

  // Puts input block q into the slot for this rank of every peer q; waits for the peers' shares of
  // the own block. Returns them and the own one in rank order. `first`: of add_peer_slots().
  void scatter(int first);
  std::vector<schedule::Operand> wait_shares(int first);

  void end_lane();
  schedule::Schedule build();

  // The whole schedule of a group of one rank: input to output.
  schedule::Schedule alone();

 private:
  bool local(const schedule::Destination& destination) const;
  void each_to(int first, void (Builder::*step)(int, int));
  void each_from(int first, void (Builder::*step)(int, int));
  schedule::Step& add(schedule::StepKind kind, Blocks what = {0, 0});
  void reduce_step(Blocks what, const std::vector<schedule::Operand>& srcs,
                   const std::vector<schedule::Destination>& dsts, bool final);

  PlanInput plan_;
  schedule::Schedule schedule_;
  schedule::Lane lane_;
};

}  // namespace weft::algorithms
