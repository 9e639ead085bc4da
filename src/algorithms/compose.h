// Puts schedules of groups of ranks together, one phase after the other, into a schedule of all of
// them. So hierarchical algorithms are made of the generators that are there.
#pragma once

#include "algorithms/generators.h"
#include "algorithms/plan_input.h"
#include "schedule/schedule.h"

#include <string_view>
#include <vector>

namespace weft::algorithms {

// Which logical blocks of the whole a group's schedule moves: its block b is blocks[bounds[b]] to
// blocks[bounds[b + 1] - 1]; any may be empty.
struct BlockMap {
  std::vector<int> blocks;
  std::vector<int> bounds = {0};

  void add(const std::vector<int>& next);
  // `first` to `first + count - 1`, cut into `parts` nearly even parts.
  static BlockMap even(int first, int count, int parts);
};

// Where a rank has blocks: in the caller's buffer, but for those that have a slot of this rank.
struct Home {
  schedule::Buffer buffer = schedule::Buffer::input;
  std::vector<int> slots = {};  // by block: a slot, or -1; may be empty
  bool partial = false;         // what is there are partial sums
  int area = -1;                // one slot for all blocks from `first` on; -1: none
  int first = 0;
};

// One phase: groups that share no rank run a collective side by side. Its description is the same
// at every rank but for `members`, `own` and `map`, which are those of this rank's group.
struct Phase {
  Generator* generator = nullptr;
  Collective collective = Collective::all_reduce;
  std::vector<int> sizes;    // that groups have, each once
  std::vector<int> members;  // ranks, by their number in the group
  int own = -1;              // this rank's number; -1: it takes no part
  int root = 0;              // by its number
  bool load_store = false;   // members map each other
  bool final = false;        // its results hold every rank's contribution
  BlockMap map;              // as many blocks as the generator makes
  int widest = 1;            // blocks of the whole that any group's block stands for, at most
  // Some group's blocks do not follow each other, or have slots: they are moved one by one.
  bool one_by_one = false;
  Home from = {};
  Home to = {.buffer = schedule::Buffer::output};
};

class Composer {
 public:
  Composer(const PlanInput& plan, std::string_view algorithm, int blocks);

  // A home for `blocks` in slots that receive nothing. Every rank adds it, with the most blocks
  // that any has.
  Home add_scratch(const std::vector<int>& blocks, int most, bool partial = false);

  // A home for the partial sums of `count` blocks from `first` on: the output, or where that cannot
  // hold them a slot that receives nothing. Every rank adds it, with the most blocks that any has.
  Home add_sums(int first, int most);

  // Every rank adds the same phases in the same order, taking part or not.
  void add(const Phase& phase);

  // Takes a block of this rank to its output.
  void copy_to_output(int block, const Home& from);

  // Takes blocks from rank to rank, out of `from` at the one and into slots of the other, which
  // `arrived` then names. Every rank calls it, with all handings to the ranks that it has to do
  // with and the most blocks that any rank of all receives.
  struct Handing {
    int from = -1;
    int to = -1;
    std::vector<int> blocks;
  };
  void hand_over(const std::vector<Handing>& handings, int most, const Home& from, Home* arrived);

  schedule::Schedule build();

 private:
  class Embedding;

  schedule::Operand place(const Home& home, int rank, int block) const;
  int add_slots(int count);
  void push(schedule::StepKind kind, int peer, int signal);
  void move(int block, const schedule::Operand& from, const schedule::Destination& to);
  void send(const Handing& handing, int slot, const Home& from);
  void receive(const Handing& handing, int slot, Home* arrived);

  PlanInput plan_;
  schedule::Schedule schedule_;
  schedule::Lane lane_;
};

}  // namespace weft::algorithms
