// Trees over ranks, and the two walks of an all_reduce along one.
#pragma once

#include "algorithms/builder.h"

#include <vector>

namespace weft::algorithms {

// One rank's place in a tree.
struct Tree {
  int parent = -1;            // rank, or -1 at the root
  int branch = 0;             // which child of its parent this rank is
  std::vector<int> children;  // ranks
  std::vector<bool> inner;    // whether each child has children of its own
};

// Rooted at rank 0; the k-th child of a rank is 2^k above it and stands for 2^k ranks (fewer at the
// end).
Tree binomial_tree(int rank, int ranks);

// In-order binary tree rooted at rank 0, where odd ranks are leaves, and its mirror image (an even
// number of ranks) or the same tree shifted by one rank (an odd number). Sanders, Speck, Traff:
// Two-tree algorithms for full bandwidth broadcast, reduction and scan (2009).
Tree binary_tree(int rank, int ranks);
Tree mirrored_tree(int rank, int ranks);

struct TreeSlots {
  int up = 0;       // first of the slots for children, one a branch
  int down = 0;     // brings the result from the parent
  int scratch = 0;  // receives nothing
};

// Reduces `block` of every rank towards the root, whose output then holds the result and which
// starts it down to its children.
void reduce_up(Builder& builder, int rank, const Tree& tree, int block, const TreeSlots& slots);
// Takes the result from the parent to the output and to the children's.
void broadcast_down(Builder& builder, int rank, const Tree& tree, int block,
                    const TreeSlots& slots);

}  // namespace weft::algorithms
