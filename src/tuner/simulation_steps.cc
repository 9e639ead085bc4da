// What each step does and costs; the executor's lane.cc is what it stands for.
#include <cmath>

#include "tuner/simulation.h"

namespace weft::tuner {
namespace {

// Packets: lines with that much payload.
constexpr double kLine = 64;
constexpr double kPayload = 56;

}  // namespace

double Pricer::Simulation::bytes_of(int rank, const LaneState& lane) const {
  const Op& op = *lane.op;
  if (op.blocks == 0) return 0;
  int block = op.block + lane.index * op.block_stride;
  if (workload_->relative_blocks()) block = around(block + rank);
  return lane.cut.bytes(block, op.blocks) * op.width;
}

std::uint64_t Pricer::Simulation::signal_of(int rank, int lane, int pass, int slot) const {
  const auto place = static_cast<std::uint64_t>((rank * lane_count_ + lane) * parities_ +
                                                (parities_ == 2 ? pass & 1 : 0));
  return place * static_cast<std::uint64_t>(workload_->slots()) + static_cast<std::uint64_t>(slot);
}

double Pricer::Simulation::sent(double bytes) const {
  return packets_ ? std::ceil(bytes / kPayload) * kLine : bytes;
}

// Runs a lane until it waits, ends, or must let others go first. `time` is the rank's.
Pricer::Simulation::Stop Pricer::Simulation::advance(int rank, int lane, Time& time) {
  LaneState& here = state(rank, lane);
  while (here.pass < passes_) {
    while (here.op != here.end) {
      const Stop stop = step(rank, lane, time);
      if (stop != Stop::done) return stop;
      if (++here.index < here.op->count) continue;
      here.index = 0;
      ++here.op;
    }
    if (++here.pass < passes_) {
      begin_pass(rank, lane);
    } else {
      --ranks_[static_cast<std::size_t>(rank)].lanes_left;
    }
  }
  return Stop::done;
}

// One step, or one part of one. Stop::done: go on with the next.
Pricer::Simulation::Stop Pricer::Simulation::step(int rank, int lane, Time& time) {
  const LaneState& here = state(rank, lane);
  switch (here.op->kind) {
    case Op::Kind::wait:
      return wait(rank, lane, time);
    case Op::Kind::put:
      return put(rank, lane, time);
    case Op::Kind::work:
      return work(rank, here, time);
    case Op::Kind::peer_read:
      return Stop::done;  // work() has counted it
    case Op::Kind::peer_write:
      return here.op->slot < 0 ? Stop::done : tell(rank, lane, bytes_of(rank, here), time);
    case Op::Kind::signal:
      return tell(rank, lane, 0, time);
  }
  return Stop::done;
}

// Whether what happens at `time` comes before all that others do.
bool Pricer::Simulation::in_turn(Time time) {
  if (time != now_ && time >= events_.earliest()) return false;
  now_ = time;
  return true;
}

// The processor works for `ns`; `user_bytes` go through the host's memory meanwhile, which others
// use too.
void Pricer::Simulation::spend(int rank, double ns, double user_bytes, Time& time) {
  const Time end = time + ticks(ns);
  time = streams_ && user_bytes > 0 ? std::max(end, traffic_.move(rank, user_bytes, time)) : end;
}

// Of a whole copy or reduce, for what the processor moves itself.
double Pricer::Simulation::work_ns_per_byte(int rank, const Op& head) const {
  double ns = head.slot_writes * compute_.write_ns_per_byte + head.user_writes * far_write_;
  int sources = head.slot_reads + head.user_reads;
  bool moves = !head.copies || head.slot_writes + head.user_writes > 0;
  for (const Op* tail = &head + 1; tail <= &head + head.tails; ++tail) {
    for (int i = 0; i < tail->count; ++i) {
      const Link& link = tail->kind == Op::Kind::peer_read
                             ? fabric_.link(peer_of(rank, *tail, i), rank)
                             : fabric_.link(rank, peer_of(rank, *tail, i));
      if (tail->kind == Op::Kind::peer_read) {
        ns += far_read_ + link.receive_ns_per_byte;
        ++sources;
      } else if (link.load_store) {
        // Packets are copied from what was computed.
        ns += packets_ ? link.send_ns_per_byte * kLine / kPayload + compute_.read_ns_per_byte
                       : link.send_ns_per_byte;
        moves = true;
      }
    }
  }
  if (moves) ns += head.slot_reads * compute_.read_ns_per_byte + head.user_reads * far_read_;
  if (!head.copies) ns += (sources - 1) * compute_.reduce_ns_per_byte;
  return ns;
}

Pricer::Simulation::Stop Pricer::Simulation::work(int rank, const LaneState& lane, Time& time) {
  if (streams_ && !in_turn(time)) return Stop::later;
  const Op& op = *lane.op;
  const double bytes = bytes_of(rank, lane);
  const double ns = compute_.step_ns + bytes * work_ns_per_byte(rank, op);
  spend(rank, ns, bytes * (op.user_reads + op.user_writes), time);
  return Stop::done;
}

// A copy to one peer, all of it: by address, or posted.
Pricer::Simulation::Stop Pricer::Simulation::put(int rank, int lane, Time& time) {
  const LaneState& here = state(rank, lane);
  const double bytes = bytes_of(rank, here);
  const Link& link = fabric_.link(rank, peer_of(rank, here));
  if (link.load_store) {
    if (streams_ && !in_turn(time)) return Stop::later;
    const Op& op = *here.op;
    const double read = op.slot_reads * compute_.read_ns_per_byte + op.user_reads * far_read_;
    spend(rank, compute_.step_ns + bytes * read + sent(bytes) * link.send_ns_per_byte,
          bytes * op.user_reads, time);
  }
  return tell(rank, lane, bytes, time);
}

// Raises a signal at a peer: a store, or a message that brings `bytes`.
Pricer::Simulation::Stop Pricer::Simulation::tell(int rank, int lane, double bytes, Time& time) {
  const LaneState& here = state(rank, lane);
  const int peer = peer_of(rank, here);
  const Link& link = fabric_.link(rank, peer);
  const std::uint64_t signal = signal_of(peer, lane, here.pass, slot_of(here));
  if (link.load_store) {
    time += ticks(link.send_ns);
    raise(peer, lane, signal, time + ticks(link.latency_ns));
    return Stop::done;
  }
  if (!in_turn(time)) return Stop::later;
  const auto puts = static_cast<std::uint32_t>(std::max(here.op->blocks, 1));
  const Time start = time + ticks(link.send_ns);
  const Time posted = time + ticks(link.send_ns * puts + bytes * link.send_ns_per_byte);
  if (!traffic_.send({rank, peer, signal, lane, -1, puts, bytes, start, posted})) {
    ranks_[static_cast<std::size_t>(rank)].stalled = true;
    return Stop::full;
  }
  time = posted;
  return Stop::done;
}

Pricer::Simulation::Stop Pricer::Simulation::wait(int rank, int lane, Time& time) {
  LaneState& here = state(rank, lane);
  if (here.signal == kNothing) {
    here.signal = signal_of(rank, lane, here.pass, slot_of(here));
    std::uint64_t& raised = raised_[here.signal];
    here.ready = raised == 0 ? kNever : raised;
    raised = 0;
  }
  if (here.ready > time) return Stop::waits;
  const Op& op = *here.op;
  if (streams_ && op.delivers && !in_turn(time)) return Stop::later;
  here.signal = kNothing;
  here.ready = kNever;
  const Link& link = fabric_.link(peer_of(rank, here), rank);
  const double bytes = bytes_of(rank, here);
  double ns = compute_.step_ns;
  // The first line of a bulk message is fetched after its signal; a packet's came with it.
  if (!link.load_store || (bytes > 0 && !packets_)) ns += link.receive_ns;
  ns += sent(bytes) * link.receive_ns_per_byte;
  const bool unpacked = packets_ && bytes > kPayload;
  if (op.delivers || unpacked) {
    const double write = op.delivers ? far_write_ : compute_.write_ns_per_byte;
    ns += bytes * (compute_.read_ns_per_byte + write);
  }
  spend(rank, ns, op.delivers ? bytes : 0, time);
  return Stop::done;
}

}  // namespace weft::tuner
