// Frames equal at all ranks; every step within the limits and rules of schedule.h, by itself.
#include <weft/collective_traits.h>

#include "schedule/layout.h"
#include "schedule/text.h"
#include "schedule/verify_parts.h"

#include <algorithm>

namespace weft::schedule {
namespace {

class ShapeCheck {
 public:
  ShapeCheck(const Schedule& schedule, const VerifyOptions& options, Report& report)
      : schedule_(schedule), options_(options), report_(report) {}

  void run() {
    for (std::size_t lane = 0; lane < schedule_.lanes.size(); ++lane) {
      lane_ = static_cast<int>(lane);
      step_ = 0;
      for (const Step& step : schedule_.lanes[lane].steps) {
        check(step);
        ++step_;
      }
    }
  }

 private:
  template <typename... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    report_.add(schedule_.rank, lane_, step_, format, std::forward<Args>(args)...);
  }

  int own() const { return schedule_.rank; }
  bool is_rank(int rank) const { return rank >= 0 && rank < schedule_.ranks; }
  bool is_slot(int slot) const {
    return slot >= 0 && slot < static_cast<int>(schedule_.slot_blocks.size());
  }
  int room(int slot) const { return schedule_.slot_blocks[static_cast<std::size_t>(slot)]; }

  void check(const Step& step) {
    switch (step.kind) {
      case StepKind::copy:
        if (step.srcs.size() != 1) problem("a copy has {} sources, not one", step.srcs.size());
        return check_data(step);
      case StepKind::reduce:
        if (step.srcs.size() < 2 || step.srcs.size() > kMaxSources) {
          problem("a reduce has {} sources, not 2 to {}", step.srcs.size(), kMaxSources);
        }
        return check_data(step);
      case StepKind::signal:
        return check_peer(step);
      case StepKind::wait:
        return check_wait(step);
    }
    problem("no such kind of step");
  }

  void check_peer(const Step& step) {
    if (!is_rank(step.peer) || step.peer == own()) problem("peer {} is no peer", step.peer);
    if (!is_slot(step.signal)) problem("there is no slot {}", step.signal);
    if (step.trailing && (!schedule_.trails || step.blocks > 0))
      problem("trails, but {}",
              step.blocks > 0 ? "brings data" : "the schedule says that none does");
  }

  void check_wait(const Step& step) {
    check_peer(step);
    if (step.blocks == 0) {
      if (!step.dsts.empty()) problem("a wait without data names a place");
      return;
    }
    if (step.dsts.size() != 1) return problem("a wait for data names {} places", step.dsts.size());
    const Operand& place = step.dsts[0].place;
    check_blocks(step);
    check_place(place, step);
    if (place.rank != own()) problem("waits for data at another rank");
    if (place.buffer == Buffer::input) problem("waits for data in an input");
    if (place.buffer == Buffer::slot && place.index != step.signal) {
      problem("waits for slot {} with the signal of slot {}", place.index, step.signal);
    }
  }

  void check_blocks(const Step& step) {
    if (step.block < 0 || step.blocks < 1 || step.block + step.blocks > schedule_.blocks) {
      problem("blocks {}+{} are not within 0..{}", step.block, step.blocks, schedule_.blocks - 1);
    }
  }

  void check_partial(const Operand& place, const Step& step) {
    if (!place.partial) return;
    if (!schedule_.partials) problem("has partial sums, but the schedule says that it has none");
    if (options_.wide_sums && place.buffer != Buffer::slot) {
      problem("{} cannot hold a partial sum that is wider than an element",
              to_text(place, step.blocks, own()));
    }
  }

  void check_place(const Operand& place, const Step& step) {
    if (!is_rank(place.rank)) return problem("there is no rank {}", place.rank);
    check_partial(place, step);
    if (place.buffer == Buffer::slot) {
      if (!is_slot(place.index)) return problem("there is no slot {}", place.index);
      if (room(place.index) < place.offset + step.blocks) {
        problem("slot {} has room for {} blocks, not for {}", place.index, room(place.index),
                step.blocks);
      }
      return;
    }
    const bool is_input = place.buffer == Buffer::input;
    const int blocks =
        is_input ? input_blocks(schedule_, place.rank) : output_blocks(schedule_, place.rank);
    if (place.index < 0 || place.index + step.blocks > blocks) {
      problem("{} is outside the {} blocks of that buffer", to_text(place, step.blocks, own()),
              blocks);
    } else if (logical_block(schedule_, place) != step.block) {
      problem("{} is not where block {} lives", to_text(place, step.blocks, own()), step.block);
    }
  }

  void check_data(const Step& step) {
    check_blocks(step);
    if (step.final && step.kind != StepKind::reduce) problem("`final` on a step that is no reduce");
    if (step.dsts.empty() || step.dsts.size() > kMaxDestinations) {
      problem("{} destinations, not 1 to {}", step.dsts.size(), kMaxDestinations);
    }
    for (const Operand& source : step.srcs) {
      check_place(source, step);
      if (source.rank != own() && !schedule_.direct) {
        problem("reads {} but is not direct", to_text(source, step.blocks, own()));
      }
    }
    for (const Destination& destination : step.dsts) check_destination(destination, step);
    check_overlaps(step);
  }

  void check_destination(const Destination& destination, const Step& step) {
    const Operand& place = destination.place;
    check_place(place, step);
    if (place.buffer == Buffer::input) problem("writes to an input");
    if (place.partial != step.dsts[0].place.partial)
      problem("some destinations hold partial sums, others do not");
    if (place.rank == own()) {
      if (destination.signal != kNoSignal) problem("a local destination raises a signal");
      return;
    }
    if (step.kind == StepKind::reduce && !mapped(place.rank) && !schedule_.direct) {
      problem("a reduce writes to a peer, but peers cannot be written without load/store");
    }
    if (step.kind == StepKind::copy && step.srcs.size() == 1 &&
        place.partial != step.srcs[0].partial)
      problem("what is copied to a peer changes its form");
    if (place.buffer == Buffer::slot) {
      if (place.offset != 0) problem("a peer's slot is not filled from its start");
      if (destination.signal != place.index) problem("a slot is filled without its own signal");
    } else if (destination.signal == kNoSignal) {
      if (!schedule_.direct) problem("a peer's output is written without a signal");
    } else if (!is_slot(destination.signal)) {
      problem("there is no slot {}", destination.signal);
    } else if (!schedule_.direct && room(destination.signal) < step.blocks) {
      problem("slot {} has room for {} blocks, not for {} on their way to the output",
              destination.signal, room(destination.signal), step.blocks);
    }
  }

  bool mapped(int peer) const {
    if (options_.load_store) return true;
    const auto host = [&](int rank) { return options_.hosts[static_cast<std::size_t>(rank)]; };
    return !options_.hosts.empty() && host(peer) == host(own());
  }

  // Block i of one operand may only meet block i of another, be it in place or not.
  bool overlap_shifted(const Operand& a, const Operand& b, int blocks) const {
    if (a.rank != b.rank) return false;
    if (a.buffer == Buffer::slot || b.buffer == Buffer::slot) return false;
    const int distance = logical_block(schedule_, a) - logical_block(schedule_, b);
    return distance != 0 && std::abs(distance) < blocks;
  }

  void check_overlaps(const Step& step) {
    for (auto d = step.dsts.begin(); d != step.dsts.end(); ++d) {
      for (const Operand& source : step.srcs) {
        if (overlap_shifted(d->place, source, step.blocks)) {
          problem("a destination overlaps a source but is not equal to it");
        }
      }
      const auto same = [&](const Destination& other) { return other.place == d->place; };
      if (std::any_of(step.dsts.begin(), d, same)) problem("two destinations are the same");
    }
  }

  const Schedule& schedule_;
  const VerifyOptions& options_;
  Report& report_;
  int lane_ = 0;
  int step_ = 0;
};

void check_blocks_of_collective(const Schedule& schedule, Report& report) {
  const CollectiveTraits& traits = traits_of(schedule.collective);
  if (traits.moves_data() ? schedule.blocks < 1 : schedule.blocks != 0) {
    report.add(-1, -1, -1, "{} blocks make no sense for {}", schedule.blocks, traits.name);
  }
  if (traits.block_per_rank() && schedule.blocks != schedule.ranks) {
    report.add(-1, -1, -1, "{} blocks for {} ranks", schedule.blocks, schedule.ranks);
  }
}

bool same_frame(const Schedule& a, const Schedule& b) {
  return a.algorithm == b.algorithm && a.collective == b.collective && a.ranks == b.ranks &&
         a.root == b.root && a.blocks == b.blocks && a.direct == b.direct &&
         a.partials == b.partials && a.trails == b.trails && a.slot_blocks == b.slot_blocks &&
         a.lanes.size() == b.lanes.size();
}

}  // namespace

void check_shape(std::span<const Schedule> ranks, const VerifyOptions& options, Report& report) {
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    const Schedule& schedule = ranks[r];
    const int rank = static_cast<int>(r);
    if (schedule.rank != rank) report.add(rank, -1, -1, "calls itself rank {}", schedule.rank);
    if (schedule.ranks != static_cast<int>(ranks.size())) {
      report.add(rank, -1, -1, "was made for {} ranks", schedule.ranks);
    }
    if (!same_frame(schedule, ranks[0])) {
      report.add(rank, -1, -1,
                 "has another algorithm, root, block, slot or lane count than rank 0");
    }
  }
  if (ranks.empty()) return report.add(-1, -1, -1, "there are no ranks");
  if (ranks[0].lanes.empty()) report.add(-1, -1, -1, "there are no lanes");
  if (ranks[0].root < 0 || ranks[0].root >= ranks[0].ranks) {
    report.add(-1, -1, -1, "root {} is no rank", ranks[0].root);
  }
  check_blocks_of_collective(ranks[0], report);
  if (!report.empty()) return;
  for (const Schedule& schedule : ranks) ShapeCheck(schedule, options, report).run();
}

}  // namespace weft::schedule
