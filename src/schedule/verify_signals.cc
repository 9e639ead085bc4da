// Every signal raised once and waited for once, with the same data on both sides.
#include "schedule/text.h"
#include "schedule/verify_parts.h"

namespace weft::schedule {
namespace {

struct Raise {
  int rank = -1;
  int step = -1;
  int blocks = 0;
  int block = 0;
  Operand place;
  bool trailing = false;
};

class Pairing {
 public:
  Pairing(std::span<const Schedule> ranks, int lane, Report& report)
      : ranks_(ranks),
        lane_(lane),
        report_(report),
        table_(ranks.size(), ranks[0].slot_blocks.size()),
        raises_(table_.size()) {}

  SignalTable run() {
    each_step([this](int rank, int index, const Step& step) { collect(rank, index, step); });
    each_step([this](int rank, int index, const Step& step) {
      if (step.kind == StepKind::wait) match(rank, index, step);
      if (step.kind == StepKind::copy || step.kind == StepKind::reduce) scratch(rank, index, step);
    });
    for (int rank = 0; rank < static_cast<int>(ranks_.size()); ++rank) {
      for (int slot = 0; slot < static_cast<int>(ranks_[0].slot_blocks.size()); ++slot) {
        const SignalUse& use = table_.at(rank, slot);
        if (use.sender < 0 || use.wait_step >= 0) continue;
        report_.add(use.sender, lane_, use.raise_step,
                    "raises slot {} of rank {}, which never waits for it", slot, rank);
      }
    }
    return std::move(table_);
  }

 private:
  template <typename Function>
  void each_step(Function function) {
    for (int rank = 0; rank < static_cast<int>(ranks_.size()); ++rank) {
      const Schedule& schedule = ranks_[static_cast<std::size_t>(rank)];
      int index = 0;
      for (const Step& step : schedule.lanes[static_cast<std::size_t>(lane_)].steps) {
        function(rank, index++, step);
      }
    }
  }

  void collect(int rank, int index, const Step& step) {
    if (step.kind == StepKind::signal) {
      raise(step.peer, step.signal, {rank, index, 0, 0, {}, step.trailing});
    } else if (step.kind != StepKind::wait) {
      for (const Destination& destination : step.dsts) {
        if (destination.signal == kNoSignal) continue;
        raise(destination.place.rank, destination.signal,
              {rank, index, step.blocks, step.block, destination.place, false});
      }
    }
  }

  void raise(int owner, int slot, const Raise& by) {
    SignalUse& use = table_.at(owner, slot);
    if (use.sender >= 0) {
      report_.add(by.rank, lane_, by.step,
                  "raises slot {} of rank {}, which rank {} raises in step {} already", slot, owner,
                  use.sender, use.raise_step);
      return;
    }
    use.sender = by.rank;
    use.raise_step = by.step;
    raises_[table_.index(owner, slot)] = by;
  }

  void match(int rank, int index, const Step& step) {
    SignalUse& use = table_.at(rank, step.signal);
    if (use.wait_step >= 0) {
      report_.add(rank, lane_, index, "waits for slot {} again, after step {}", step.signal,
                  use.wait_step);
      return;
    }
    use.wait_step = index;
    if (use.sender < 0) {
      report_.add(rank, lane_, index, "waits for slot {}, which nobody raises", step.signal);
      return;
    }
    const Raise& raise = raises_[table_.index(rank, step.signal)];
    if (use.sender != step.peer) {
      report_.add(rank, lane_, index, "waits for rank {}, but rank {} raises slot {}", step.peer,
                  use.sender, step.signal);
    }
    if (raise.trailing != step.trailing)
      report_.add(rank, lane_, index, "trails, or rank {} does, but not both", raise.rank);
    const bool same_blocks =
        raise.blocks == step.blocks && (raise.blocks == 0 || raise.block == step.block);
    if (!same_blocks) {
      report_.add(rank, lane_, index, "expects blocks {}+{}, but rank {} sends {}+{}", step.block,
                  step.blocks, raise.rank, raise.block, raise.blocks);
    } else if (raise.blocks > 0 && raise.place != step.dsts[0].place) {
      report_.add(rank, lane_, index, "expects the data at {}, but rank {} sends it to {}",
                  to_text(step.dsts[0].place, step.blocks, rank), raise.rank,
                  to_text(raise.place, raise.blocks, rank));
    }
  }

  // A slot receives from one peer or is scratch, never both.
  void scratch(int rank, int index, const Step& step) {
    for (const Destination& destination : step.dsts) {
      const Operand& place = destination.place;
      if (place.buffer != Buffer::slot || place.rank != rank) continue;
      if (table_.at(rank, place.index).sender < 0) continue;
      report_.add(rank, lane_, index, "uses slot {} as scratch, but rank {} sends to it",
                  place.index, table_.at(rank, place.index).sender);
    }
  }

  std::span<const Schedule> ranks_;
  int lane_;
  Report& report_;
  SignalTable table_;
  std::vector<Raise> raises_;
};

}  // namespace

SignalTable check_signals(std::span<const Schedule> ranks, int lane, Report& report) {
  return Pairing(ranks, lane, report).run();
}

}  // namespace weft::schedule
