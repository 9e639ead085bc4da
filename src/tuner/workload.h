// The schedules of all ranks in the compact form that the cost model runs: what a step costs
// depends on how much it moves from and to where, not on the very places.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "algorithms/registry.h"
#include "schedule/schedule.h"

namespace weft::tuner {

// `count` equal operations in a row; each is for the peer, slot and block that lie `..._stride`
// further than the one before.
struct Op {
  enum class Kind : std::uint8_t {
    work,        // copy or reduce into own memory; `tails` ops that follow belong to the same step
    peer_read,   // tail: reads the peers' buffers by address
    peer_write,  // tail: also writes to the peers and raises `slot` there; slot < 0: raises nothing
    put,         // copies own memory to one peer and raises `slot` there
    signal,      // raises `slot` at one peer
    wait,        // until `peer` has raised the own `slot`
  };
  Kind kind = Kind::work;
  std::uint8_t slot_reads = 0;  // operands in own slots, read and written
  std::uint8_t slot_writes = 0;
  std::uint8_t user_reads = 0;  // operands in input and output
  std::uint8_t user_writes = 0;
  std::uint8_t width = 1;  // what is sent: bytes for each byte of elements
  bool copies = false;     // work: without a destination in memory it reads nothing either
  bool delivers = false;   // wait: the data is copied out of the slot to the output
  std::uint8_t tails = 0;
  std::int32_t count = 1;
  std::int32_t peer = 0;  // counted from the own rank on, from 0 to ranks-1
  std::int32_t slot = -1;
  std::int32_t block = 0;  // counted from the own rank on where there are as many blocks as ranks
  std::int32_t blocks = 0;
  std::int32_t peer_stride = 0;
  std::int32_t slot_stride = 0;
  std::int32_t block_stride = 0;
  friend bool operator==(const Op&, const Op&) = default;
};

class Workload {
 public:
  // The schedules that an algorithm makes for all ranks of a plan (plan.rank means nothing). One
  // rank's schedule is held at a time.
  Workload(const algorithms::Algorithm& algorithm, algorithms::PlanInput plan);
  // The schedules of all ranks, in rank order.
  explicit Workload(std::span<const schedule::Schedule> ranks);

  Collective collective() const { return collective_; }
  int ranks() const { return ranks_; }
  int lanes() const { return lanes_; }
  int blocks() const { return blocks_; }
  bool direct() const { return direct_; }
  int slots() const { return slots_; }
  // Of all slots of a lane, as many as they have room for elements.
  std::size_t slot_blocks() const { return slot_blocks_; }
  bool relative_blocks() const { return blocks_ == ranks_; }
  std::uint64_t steps() const { return steps_; }  // of all ranks and lanes in one pass
  std::span<const Op> ops(int rank, int lane) const {
    const List& list = lists_[of_[static_cast<std::size_t>(rank * lanes_ + lane)]];
    return {ops_.data() + list.first, list.count};
  }
  // Bytes it takes.
  std::size_t bytes() const { return ops_.capacity() * sizeof(Op) + of_.size() * sizeof(of_[0]); }

 private:
  struct List {
    std::size_t first = 0;
    std::size_t count = 0;
  };

  void begin(const schedule::Schedule& frame);
  void add(const schedule::Schedule& schedule);
  // Adds a list that ends ops_, or finds that it is there already.
  std::uint32_t keep(std::size_t first);

  Collective collective_ = Collective::all_reduce;
  int ranks_ = 0;
  int lanes_ = 0;
  int blocks_ = 0;
  int slots_ = 0;
  std::size_t slot_blocks_ = 0;
  bool direct_ = false;
  bool wide_sums_ = false;
  std::uint64_t steps_ = 0;
  std::vector<Op> ops_;
  std::vector<List> lists_;
  std::vector<std::uint32_t> of_;                                // by rank and lane: its list
  std::unordered_multimap<std::uint64_t, std::uint32_t> known_;  // by hash
};

}  // namespace weft::tuner
