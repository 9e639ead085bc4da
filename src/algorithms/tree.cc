#include "algorithms/tree.h"

#include <bit>

namespace weft::algorithms {
namespace {

using schedule::Destination;
using schedule::Operand;

int lowest_bit(int value) { return value & -value; }

// The children of an inner rank are half its lowest bit below and above; where the upper one does
// not exist, the nearest that does.
std::vector<int> binary_children(int rank, int ranks) {
  std::vector<int> children;
  const int reach =
      rank == 0 ? static_cast<int>(std::bit_ceil(static_cast<unsigned>(ranks))) : lowest_bit(rank);
  if (rank != 0 && reach > 1) children.push_back(rank - reach / 2);
  for (int step = reach / 2; step > 0; step /= 2) {
    if (rank + step >= ranks) continue;
    children.push_back(rank + step);
    break;
  }
  return children;
}

int binary_parent(int rank, int ranks) {
  if (rank == 0) return -1;
  const int bit = lowest_bit(rank);
  const int upper = (rank & ~bit) | (bit << 1);
  return upper < ranks ? upper : rank & ~bit;
}

std::vector<Destination> down_to_children(const Tree& tree, int block, const TreeSlots& slots) {
  std::vector<Destination> targets;
  for (auto child = tree.children.rbegin(); child != tree.children.rend(); ++child) {
    targets.push_back(to_output(*child, block, slots.down));
  }
  return targets;
}

}  // namespace

Tree binomial_tree(int rank, int ranks) {
  Tree tree;
  for (int k = 0; 1 << k < ranks; ++k) {
    const int bit = 1 << k;
    if ((rank & bit) != 0) {
      tree.parent = rank - bit;
      tree.branch = k;
      break;
    }
    if (rank + bit >= ranks) continue;
    tree.children.push_back(rank + bit);
    tree.inner.push_back(k > 0 && rank + bit + 1 < ranks);
  }
  return tree;
}

Tree binary_tree(int rank, int ranks) {
  Tree tree{binary_parent(rank, ranks), 0, binary_children(rank, ranks), {}};
  for (const int child : tree.children)
    tree.inner.push_back(!binary_children(child, ranks).empty());
  if (tree.parent >= 0) {
    const std::vector<int> siblings = binary_children(tree.parent, ranks);
    tree.branch = siblings.front() == rank ? 0 : 1;
  }
  return tree;
}

Tree mirrored_tree(int rank, int ranks) {
  const bool shift = ranks % 2 == 1;
  const auto image = [&](int r) {
    if (r < 0) return r;
    return shift ? (r + 1) % ranks : ranks - 1 - r;
  };
  Tree tree = binary_tree(shift ? around(rank, -1, ranks) : ranks - 1 - rank, ranks);
  tree.parent = image(tree.parent);
  for (int& child : tree.children) child = image(child);
  return tree;
}

void reduce_up(Builder& builder, int rank, const Tree& tree, int block, const TreeSlots& slots) {
  std::vector<Operand> sources = {input(rank, block)};
  for (int k = 0; k < static_cast<int>(tree.children.size()); ++k) {
    const auto child = static_cast<std::size_t>(k);
    sources.push_back(
        builder.wait_slot(tree.children[child], slots.up + k, {block}, tree.inner[child]));
  }
  const Operand scratch = slot(rank, slots.scratch);
  if (tree.parent < 0) {
    std::vector<Destination> targets = down_to_children(tree, block, slots);
    targets.push_back(to(output(rank, block)));
    builder.reduce({block}, sources, targets, scratch, true);
    return;
  }
  const Destination parent = to_slot(tree.parent, slots.up + tree.branch);
  if (tree.children.empty()) {
    builder.copy({block}, sources[0], {parent});
  } else {
    builder.reduce({block}, sources, {parent}, scratch, false);
  }
}

void broadcast_down(Builder& builder, int rank, const Tree& tree, int block,
                    const TreeSlots& slots) {
  if (tree.parent < 0) return;
  builder.wait(tree.parent, slots.down, {block}, output(rank, block));
  builder.copy({block}, output(rank, block), down_to_children(tree, block, slots));
}

}  // namespace weft::algorithms
