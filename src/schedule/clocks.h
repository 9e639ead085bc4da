// Vector clocks: who knows of which step of whom.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace weft::schedule {

// One step of one rank; its time counts the rank's steps from 1 on. rank -1: no event.
struct Event {
  std::int32_t rank = -1;
  std::int32_t time = 0;
};

// The clocks of all ranks. What a rank knows changes only when it waits, so signals between two
// waits share one snapshot, kept until the last of them is received.
class Clocks {
 public:
  explicit Clocks(int ranks)
      : ranks_(static_cast<std::size_t>(ranks)), known_(ranks_ * ranks_), current_(ranks_, kNone) {}

  // The next step of `rank` begins.
  Event tick(int rank) { return {rank, ++row(rank)[rank]}; }
  std::int32_t time(int rank) const { return row(rank)[rank]; }
  // The latest time of `of` that `rank` knows.
  std::int32_t known(int rank, int of) const { return row(rank)[of]; }
  bool knows(int rank, Event event) const { return row(rank)[event.rank] >= event.time; }

  // What a signal carries; receive() must be called once for each.
  struct Stamp {
    std::int32_t snapshot = kNone;
    std::int32_t time = 0;
  };
  Stamp send(int rank) {
    std::int32_t& snapshot = current_[static_cast<std::size_t>(rank)];
    if (snapshot == kNone) snapshot = take_snapshot(rank);
    ++uses_[static_cast<std::size_t>(snapshot)];
    return {snapshot, time(rank)};
  }
  void receive(int rank, int sender, Stamp stamp) {
    std::int32_t* mine = row(rank);
    const std::int32_t* theirs = snapshots_[static_cast<std::size_t>(stamp.snapshot)].data();
    for (std::size_t i = 0; i < ranks_; ++i) mine[i] = std::max(mine[i], theirs[i]);
    mine[sender] = std::max(mine[sender], stamp.time);
    release(stamp.snapshot);
    std::int32_t& stale = current_[static_cast<std::size_t>(rank)];
    if (stale != kNone) release(stale);
    stale = kNone;
  }

 private:
  static constexpr std::int32_t kNone = -1;

  std::int32_t* row(int rank) { return known_.data() + static_cast<std::size_t>(rank) * ranks_; }
  const std::int32_t* row(int rank) const {
    return known_.data() + static_cast<std::size_t>(rank) * ranks_;
  }

  std::int32_t take_snapshot(int rank) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::int32_t>(snapshots_.size()));
      snapshots_.emplace_back();
      uses_.push_back(0);
    }
    const std::int32_t snapshot = free_.back();
    free_.pop_back();
    snapshots_[static_cast<std::size_t>(snapshot)].assign(row(rank), row(rank) + ranks_);
    uses_[static_cast<std::size_t>(snapshot)] = 1;  // held as the current one
    return snapshot;
  }

  void release(std::int32_t snapshot) {
    if (--uses_[static_cast<std::size_t>(snapshot)] == 0) free_.push_back(snapshot);
  }

  std::size_t ranks_;
  std::vector<std::int32_t> known_;
  std::vector<std::int32_t> current_;  // by rank: the snapshot of what it knows now
  std::vector<std::vector<std::int32_t>> snapshots_;
  std::vector<std::int32_t> uses_;
  std::vector<std::int32_t> free_;
};

}  // namespace weft::schedule
