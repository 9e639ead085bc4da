// Runs a workload on a fabric in time order.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <vector>

#include "tuner/cost.h"
#include "tuner/cut.h"
#include "tuner/traffic.h"

namespace weft::tuner {

// Numbers that are 0 at first. Memory that nobody touches is never taken from the system.
class Zeros {
 public:
  void reset(std::size_t count);
  std::uint64_t& operator[](std::size_t i) { return memory_.get()[i]; }

 private:
  struct Free {
    void operator()(std::uint64_t* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::uint64_t, Free> memory_;
  std::size_t count_ = 0;
};

class Pricer::Simulation final : public Arrivals {
 public:
  explicit Simulation(const Fabric& fabric);

  // The first `passes` passes of a call.
  void run(const Workload& workload, const schedule::Partition& partition, bool packets, int passes,
           bool count_bytes);

  // When the last rank was done, and each of them.
  Time end() const { return end_; }
  Time rank_end(int rank) const { return ranks_[static_cast<std::size_t>(rank)].time; }
  const Traffic& traffic() const { return traffic_; }
  const Fabric& fabric() const { return fabric_; }

 private:
  static constexpr std::uint64_t kNothing = ~std::uint64_t{0};

  // One lane of one rank.
  struct LaneState {
    const Op* begin = nullptr;
    const Op* end = nullptr;
    const Op* op = nullptr;
    std::int32_t index = 0;  // in the run
    std::int32_t pass = 0;
    std::uint64_t signal = kNothing;  // waits for this one
    Time ready = kNever;              // which is raised then, as far as is known
    Cut cut;
  };

  struct RankState {
    Time time = 0;          // it has done all it could until then
    Time wake = kNever;     // its next event; others of it that are queued mean nothing
    std::int32_t lane = 0;  // its next turn
    std::int32_t lanes_left = 0;
    bool running = false;  // on a machine with too few cores: has one
    bool queued = false;   // or waits for one
    bool stalled = false;  // its NIC's queue is full
  };

  struct Machine {
    int ranks = 0;
    int idle_cores = 0;
    bool crowded = false;
    std::deque<std::int32_t> queue;  // ranks that want a core
  };

  enum class Stop : std::uint8_t {
    waits,  // for a signal
    later,  // goes on in its turn at that time
    full,   // the NIC's queue takes no more
    done,
  };

  void reset(int passes);
  void begin_pass(int rank, int lane);

  void schedule(int rank, Time time);
  void take_turn(int rank);
  bool take_core(int rank);
  void leave_core(int rank);
  void start_on_core(int rank, Time time);
  void rest(int rank);

  Stop advance(int rank, int lane, Time& time);
  Stop step(int rank, int lane, Time& time);
  bool in_turn(Time time);
  Stop work(int rank, const LaneState& lane, Time& time);
  Stop put(int rank, int lane, Time& time);
  Stop tell(int rank, int lane, double bytes, Time& time);
  Stop wait(int rank, int lane, Time& time);
  double work_ns_per_byte(int rank, const Op& head) const;
  void spend(int rank, double ns, double user_bytes, Time& time);

  void arrived(const Flight& flight, Time ready) override;
  void left_queue(int rank, Time now) override;
  void raise(int rank, int lane, std::uint64_t signal, Time ready);

  LaneState& state(int rank, int lane) {
    return lanes_[static_cast<std::size_t>(rank * lane_count_ + lane)];
  }
  int peer_of(int rank, const LaneState& lane) const { return peer_of(rank, *lane.op, lane.index); }
  int peer_of(int rank, const Op& op, int index) const {
    return around(rank + op.peer + index * op.peer_stride);
  }
  int around(int rank) const { return rank >= rank_count_ ? rank - rank_count_ : rank; }
  int slot_of(const LaneState& lane) const {
    return lane.op->slot + lane.index * lane.op->slot_stride;
  }
  double bytes_of(int rank, const LaneState& lane) const;
  std::uint64_t signal_of(int rank, int lane, int pass, int slot) const;
  // Bytes as they are sent: packets have flags.
  double sent(double bytes) const;

  const Fabric& fabric_;
  const Compute& compute_;
  EventQueue events_;
  Traffic traffic_;
  std::vector<Machine> machines_;

  // Of the run.
  const Workload* workload_ = nullptr;
  schedule::Partition partition_;
  int rank_count_ = 0;
  int lane_count_ = 0;
  int passes_ = 0;
  int parities_ = 1;
  bool packets_ = false;
  double far_read_ = 0;  // of a byte of the user's, ns
  double far_write_ = 0;
  bool streams_ = false;  // the user's bytes occupy the host's memory
  Time now_ = 0;
  int ranks_left_ = 0;
  std::vector<LaneState> lanes_;
  std::vector<RankState> ranks_;
  Time end_ = 0;
  Zeros raised_;  // by signal: when it is raised, if nobody waits for it yet; else 0
};

}  // namespace weft::tuner
