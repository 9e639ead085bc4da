#include "tuner/simulation.h"

#include <algorithm>
#include <new>

#include "base/error.h"

namespace weft::tuner {

void Zeros::reset(std::size_t count) {
  // A run that ended well has taken every signal, and so left nothing behind.
  if (count <= count_) return;
  memory_.reset();
  memory_.reset(static_cast<std::uint64_t*>(std::calloc(count, sizeof(std::uint64_t))));
  if (memory_ == nullptr) throw std::bad_alloc();
  count_ = count;
}

Pricer::Simulation::Simulation(const Fabric& fabric)
    : fabric_(fabric),
      compute_(fabric.costs.compute),
      traffic_(fabric, events_, *this, static_cast<std::uint32_t>(fabric.ranks())),
      machines_(static_cast<std::size_t>(fabric.machines)) {
  for (const Place& place : fabric.places)
    ++machines_[static_cast<std::size_t>(place.machine)].ranks;
  const int cores = fabric.costs.cores;
  for (Machine& machine : machines_) machine.crowded = cores > 0 && machine.ranks > cores;
}

void Pricer::Simulation::run(const Workload& workload, const schedule::Partition& partition,
                             bool packets, int passes, bool count_bytes) {
  workload_ = &workload;
  partition_ = partition;
  packets_ = packets;
  streams_ = partition.total > compute_.cache_bytes;
  far_read_ = streams_ ? compute_.far_read_ns_per_byte : compute_.read_ns_per_byte;
  far_write_ = streams_ ? compute_.far_write_ns_per_byte : compute_.write_ns_per_byte;
  traffic_.reset(count_bytes);
  reset(passes);
  const auto ranks = static_cast<std::uint32_t>(rank_count_);
  while (!events_.empty()) {
    const EventQueue::Event event = events_.pop();
    now_ = event.time;
    if (event.id >= ranks) {
      traffic_.handle(event.id, now_);
    } else if (ranks_[event.id].wake == now_) {
      ranks_[event.id].wake = kNever;
      take_turn(static_cast<int>(event.id));
    }
  }
  if (ranks_left_ == 0) return;
  raised_ = {};
  fail(ErrorCode::internal, "{} of {} ranks wait for ever", ranks_left_, rank_count_);
}

void Pricer::Simulation::reset(int passes) {
  rank_count_ = workload_->ranks();
  lane_count_ = workload_->lanes();
  passes_ = passes;
  parities_ = passes > 1 ? 2 : 1;
  raised_.reset(signal_of(rank_count_, 0, 0, 0));
  events_.clear();
  now_ = 0;
  ranks_left_ = rank_count_;
  end_ = 0;
  lanes_.assign(static_cast<std::size_t>(rank_count_ * lane_count_), {});
  ranks_.assign(static_cast<std::size_t>(rank_count_), {});
  for (Machine& machine : machines_) {
    machine.idle_cores = fabric_.costs.cores;
    machine.queue.clear();
  }
  for (int rank = 0; rank < rank_count_; ++rank) {
    ranks_[static_cast<std::size_t>(rank)].lanes_left = lane_count_;
    for (int lane = 0; lane < lane_count_; ++lane) {
      const std::span<const Op> ops = workload_->ops(rank, lane);
      state(rank, lane).begin = ops.data();
      state(rank, lane).end = ops.data() + ops.size();
      begin_pass(rank, lane);
    }
    schedule(rank, 0);
  }
}

void Pricer::Simulation::begin_pass(int rank, int lane) {
  LaneState& here = state(rank, lane);
  here.op = here.begin;
  here.cut = Cut(partition_, static_cast<std::size_t>(here.pass * lane_count_ + lane));
}

void Pricer::Simulation::schedule(int rank, Time time) {
  RankState& state = ranks_[static_cast<std::size_t>(rank)];
  if (time >= state.wake) return;
  state.wake = time;
  events_.push(time, static_cast<std::uint32_t>(rank));
}

// Runs a rank's lanes in turn until none can go on. With several lanes, or where the core may be
// another's then, it looks again at the time that it has got to.
void Pricer::Simulation::take_turn(int rank) {
  if (!take_core(rank)) return;
  RankState& self = ranks_[static_cast<std::size_t>(rank)];
  const bool crowded = self.running;
  Time time = now_;
  for (int tried = 0; tried < lane_count_ && self.lanes_left > 0; ++tried) {
    const Stop stop = advance(rank, self.lane, time);
    self.time = time;
    if (stop == Stop::later) return schedule(rank, time);
    if (stop == Stop::full) return;
    if (++self.lane == lane_count_) self.lane = 0;
    if (time > now_ && self.lanes_left > 0 && (lane_count_ > 1 || crowded))
      return schedule(rank, time);
  }
  if (self.lanes_left == 0) {
    --ranks_left_;
    end_ = std::max(end_, self.time);
    return leave_core(rank);
  }
  rest(rank);
}

// All lanes wait.
void Pricer::Simulation::rest(int rank) {
  Time next = kNever;
  for (int lane = 0; lane < lane_count_; ++lane) next = std::min(next, state(rank, lane).ready);
  const Time time = ranks_[static_cast<std::size_t>(rank)].time;
  leave_core(rank);
  if (next != kNever) schedule(rank, std::max(next, time));
}

bool Pricer::Simulation::take_core(int rank) {
  Machine& machine = machines_[static_cast<std::size_t>(fabric_.place(rank).machine)];
  RankState& self = ranks_[static_cast<std::size_t>(rank)];
  if (!machine.crowded || self.running) return true;
  if (self.queued || self.lanes_left == 0) return false;
  if (machine.idle_cores == 0) {
    self.queued = true;
    machine.queue.push_back(rank);
    return false;
  }
  --machine.idle_cores;
  start_on_core(rank, now_);
  return false;
}

void Pricer::Simulation::start_on_core(int rank, Time time) {
  RankState& self = ranks_[static_cast<std::size_t>(rank)];
  self.running = true;
  self.queued = false;
  self.wake = kNever;
  // Everybody has just begun at time 0.
  self.time = time == 0 ? 0 : time + ticks(fabric_.costs.switch_ns);
  schedule(rank, self.time);
}

void Pricer::Simulation::leave_core(int rank) {
  RankState& self = ranks_[static_cast<std::size_t>(rank)];
  if (!self.running) return;
  self.running = false;
  Machine& machine = machines_[static_cast<std::size_t>(fabric_.place(rank).machine)];
  if (machine.queue.empty()) {
    ++machine.idle_cores;
    return;
  }
  const int next = machine.queue.front();
  machine.queue.pop_front();
  start_on_core(next, self.time);
}

void Pricer::Simulation::arrived(const Flight& flight, Time ready) {
  raise(flight.to, flight.lane, flight.signal, ready);
}

void Pricer::Simulation::left_queue(int rank, Time now) {
  RankState& self = ranks_[static_cast<std::size_t>(rank)];
  if (self.stalled) {
    self.stalled = false;
    schedule(rank, now);
  }
}

void Pricer::Simulation::raise(int rank, int lane, std::uint64_t signal, Time ready) {
  LaneState& receiver = state(rank, lane);
  if (receiver.signal != signal) {
    raised_[signal] = std::max<Time>(ready, 1);
    return;
  }
  receiver.ready = ready;
  const RankState& self = ranks_[static_cast<std::size_t>(rank)];
  schedule(rank, std::max(ready, self.time));
}

}  // namespace weft::tuner
