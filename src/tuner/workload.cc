#include "tuner/workload.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"

namespace weft::tuner {
namespace {

using schedule::Buffer;
using schedule::Destination;
using schedule::Operand;
using schedule::Schedule;
using schedule::Step;
using schedule::StepKind;

// Turns one lane's steps into ops at the end of a list.
class Translator {
 public:
  Translator(const Schedule& schedule, bool wide_sums, std::vector<Op>& ops)
      : schedule_(schedule), wide_sums_(wide_sums), ops_(ops), first_(ops.size()) {}

  void add(const Step& step) {
    switch (step.kind) {
      case StepKind::signal:
        return merge(at_peer(Op::Kind::signal, step, step.peer, step.signal));
      case StepKind::wait: {
        Op op = at_peer(Op::Kind::wait, step, step.peer, step.signal);
        if (step.blocks > 0) op.width = width(step.dsts[0].place);
        op.delivers =
            step.blocks > 0 && step.dsts[0].place.buffer == Buffer::output && !schedule_.direct;
        return merge(op);
      }
      case StepKind::copy:
      case StepKind::reduce:
        return is_put(step) ? add_put(step) : add_work(step);
    }
  }

 private:
  bool own(const Operand& place) const { return place.rank == schedule_.rank; }

  Op make(Op::Kind kind, const Step& step) const {
    Op op;
    op.kind = kind;
    const bool relative = schedule_.blocks == schedule_.ranks;
    op.block = relative ? from(schedule_.rank, step.block) : step.block;
    op.blocks = step.blocks;
    return op;
  }

  Op at_peer(Op::Kind kind, const Step& step, int peer, int slot) const {
    Op op = make(kind, step);
    op.peer = from(schedule_.rank, peer);
    op.slot = slot;
    return op;
  }

  // How far `to` lies behind `origin`, going around.
  int from(int origin, int to) const {
    return to >= origin ? to - origin : to - origin + schedule_.ranks;
  }

  bool is_put(const Step& step) const {
    return step.kind == StepKind::copy && step.dsts.size() == 1 && !own(step.dsts[0].place) &&
           own(step.srcs[0]) && step.dsts[0].signal != schedule::kNoSignal;
  }

  std::uint8_t width(const Operand& place) const {
    return wide_sums_ && place.partial ? schedule::kWideSum : 1;
  }

  static void count_read(Op& op, const Operand& place, int width = 1) {
    auto& reads = place.buffer == Buffer::slot ? op.slot_reads : op.user_reads;
    reads = static_cast<std::uint8_t>(reads + width);
  }

  void add_put(const Step& step) {
    Op op = at_peer(Op::Kind::put, step, step.dsts[0].place.rank, step.dsts[0].signal);
    op.width = width(step.dsts[0].place);
    count_read(op, step.srcs[0]);
    merge(op);
  }

  void add_work(const Step& step) {
    Op work = make(Op::Kind::work, step);
    work.copies = step.kind == StepKind::copy;
    for (const Operand& source : step.srcs) {
      if (own(source)) count_read(work, source, width(source));
    }
    for (const Destination& destination : step.dsts) {
      if (!own(destination.place)) continue;
      auto& writes = destination.place.buffer == Buffer::slot ? work.slot_writes : work.user_writes;
      writes = static_cast<std::uint8_t>(writes + width(destination.place));
    }
    const std::size_t at = ops_.size();
    ops_.push_back(work);
    mergeable_ = false;
    for (const Operand& source : step.srcs) {
      if (!own(source)) merge(at_peer(Op::Kind::peer_read, step, source.rank, -1));
    }
    for (const Destination& destination : step.dsts) {
      if (own(destination.place)) continue;
      Op write = at_peer(Op::Kind::peer_write, step, destination.place.rank, destination.signal);
      write.width = width(destination.place);
      merge(write);
    }
    ops_[at].tails = static_cast<std::uint8_t>(ops_.size() - at - 1);
    mergeable_ = false;
    if (ops_[at].tails == 0) {
      ops_.pop_back();
      mergeable_ = true;
      merge(work);
    }
  }

  // Adds an op, or lengthens the run before it.
  void merge(const Op& op) {
    if (!mergeable_ || ops_.size() == first_ || !continues(ops_.back(), op)) {
      ops_.push_back(op);
    } else {
      ++ops_.back().count;
    }
    mergeable_ = true;
  }

  static bool continues(Op& run, const Op& op) {
    if (run.kind != op.kind || run.blocks != op.blocks || run.delivers != op.delivers ||
        run.width != op.width || run.copies != op.copies || run.tails != 0 ||
        run.slot_reads != op.slot_reads || run.slot_writes != op.slot_writes ||
        run.user_reads != op.user_reads || run.user_writes != op.user_writes) {
      return false;
    }
    const int peer = op.peer - run.peer, slot = op.slot - run.slot, block = op.block - run.block;
    if (run.count == 1) {
      run.peer_stride = peer;
      run.slot_stride = slot;
      run.block_stride = block;
      return true;
    }
    return peer == run.count * run.peer_stride && slot == run.count * run.slot_stride &&
           block == run.count * run.block_stride;
  }

  const Schedule& schedule_;
  const bool wide_sums_;
  std::vector<Op>& ops_;
  std::size_t first_;
  bool mergeable_ = true;  // the last op may become a run
};

std::uint64_t hash(std::span<const Op> ops) {
  std::uint64_t hash = ops.size();
  const auto mix = [&hash](std::uint64_t a, std::uint64_t b) {
    hash = (hash ^ (a << 32 ^ b)) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  };
  for (const Op& op : ops) {
    mix(static_cast<std::uint64_t>(op.kind) << 24 | static_cast<std::uint64_t>(op.blocks),
        static_cast<std::uint32_t>(op.count));
    mix(static_cast<std::uint32_t>(op.peer), static_cast<std::uint32_t>(op.slot));
    mix(static_cast<std::uint32_t>(op.block), static_cast<std::uint32_t>(op.slot_stride));
  }
  return hash;
}

}  // namespace

Workload::Workload(const algorithms::Algorithm& algorithm, algorithms::PlanInput plan)
    : wide_sums_(plan.wide_sums) {
  for (plan.rank = 0; plan.rank < plan.ranks; ++plan.rank) {
    const Schedule schedule = algorithm.make(plan);
    if (plan.rank == 0) begin(schedule);
    add(schedule);
  }
  known_.clear();
}

Workload::Workload(std::span<const Schedule> ranks) {
  if (ranks.empty() || ranks[0].ranks != static_cast<int>(ranks.size()))
    fail(ErrorCode::invalid_argument, "a workload takes the schedules of all ranks");
  begin(ranks[0]);
  for (const Schedule& schedule : ranks) add(schedule);
  known_.clear();
}

void Workload::begin(const Schedule& frame) {
  collective_ = frame.collective;
  ranks_ = frame.ranks;
  lanes_ = static_cast<int>(frame.lanes.size());
  blocks_ = frame.blocks;
  direct_ = frame.direct;
  slots_ = static_cast<int>(frame.slot_blocks.size());
  slot_blocks_ = static_cast<std::size_t>(
      std::accumulate(frame.slot_blocks.begin(), frame.slot_blocks.end(), std::int64_t{0}));
  if (wide_sums_ && frame.partials) slot_blocks_ *= schedule::kWideSum;
  of_.reserve(static_cast<std::size_t>(ranks_) * static_cast<std::size_t>(lanes_));
}

void Workload::add(const Schedule& schedule) {
  for (const schedule::Lane& lane : schedule.lanes) {
    const std::size_t first = ops_.size();
    Translator translator(schedule, wide_sums_, ops_);
    for (const Step& step : lane.steps) translator.add(step);
    steps_ += lane.steps.size();
    of_.push_back(keep(first));
  }
}

std::uint32_t Workload::keep(std::size_t first) {
  const std::span<const Op> list{ops_.data() + first, ops_.size() - first};
  const std::uint64_t key = hash(list);
  const auto [begin, end] = known_.equal_range(key);
  for (auto known = begin; known != end; ++known) {
    const List& other = lists_[known->second];
    if (!std::ranges::equal(list, std::span{ops_.data() + other.first, other.count})) continue;
    ops_.resize(first);
    return known->second;
  }
  const auto number = static_cast<std::uint32_t>(lists_.size());
  lists_.push_back({first, list.size()});
  known_.emplace(key, number);
  return number;
}

}  // namespace weft::tuner
