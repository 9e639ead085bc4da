// Proves that the schedules of all ranks together do what their collective says, by running them
// symbolically. A tool for tests and for weft-schedule, never in a hot path.
#pragma once

#include "schedule/partition.h"
#include "schedule/schedule.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace weft::schedule {

struct VerifyOptions {
  bool load_store = true;  // false: a reduce may not write to a peer on another host
  // By rank, its host, where load_store is false; empty: every rank is alone on its host.
  std::vector<int> hosts = {};
  bool wide_sums = false;  // made for partial sums that no input or output can hold
  int passes =
      1;  // how many passes to run one after another; from 3 on slots are seen to be reused
  // How the message is cut: it is run element by element then, through all of its passes, whatever
  // `passes` says. Made for the schedules' blocks and lanes; outlives the call. Null: a block is
  // one element a pass.
  const Partition* partition = nullptr;
  std::size_t element_bytes = 1;  // of the partition
  std::size_t max_problems = 20;  // stops after so many
};

// What is wrong, and where. -1: not tied to one.
struct Problem {
  int rank = -1;
  int lane = -1;
  int step = -1;
  std::string what;
};

// "rank 3, lane 0, step 7 (wait slot 2 from rank 1): ..."
std::string to_text(const Problem& problem, std::span<const Schedule> ranks);

// `ranks[r]` is rank r's schedule. Empty means proven:
//  - every rank's part has the same frame, and every step keeps to the limits and rules of
//  schedule.h;
//  - every signal is raised once and waited for once, by the rank, with the blocks and at the place
//  that the sender used;
//  - nothing blocks for ever, nothing is read before it is written;
//  - every output block holds every contribution exactly once; `final` stands at the reduce steps
//  that make results and nowhere
//    else; a place is read as a partial sum if and only if it holds one; all_reduce computes the
//    same expression for every rank, so the bits are equal;
//  - two conflicting accesses to one place are always ordered. A put reads its source until the
//  receiver's wait for it, so an executor need not wait for a put before it goes on to the next
//  step, unless that writes to an output: there it must wait until its puts have left;
//  - peers touch a rank's input and output only between its start and its end;
//  - every pass synchronizes: no rank ends before every rank has started, or where passes trail,
//  started kMostTrailed passes before (which takes more than so many `passes` to be seen);
//  - all of this holds in place too, and whether a staged put to a peer's output is delivered there
//  at once or through its slot.
// Each lane is proven by itself: lanes share no place and no signal.
std::vector<Problem> verify(std::span<const Schedule> ranks, const VerifyOptions& options = {});

}  // namespace weft::schedule
