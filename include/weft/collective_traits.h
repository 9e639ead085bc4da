/// What each collective is, as data: all that code which serves every collective needs to know.
#pragma once

#include <weft/collective.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft {

/// How much of a collective's message the buffers of its ranks hold.
enum class Holding : std::uint8_t {
  nothing,      ///< the ranks have no such buffer
  own_block,    ///< each rank has one of as many equal blocks as there are ranks
  all,          ///< every rank has all of the message
  all_at_root,  ///< the root has all of it; other ranks have no such buffer
};

/// A row of the table. `count` is what callers pass: the elements of the message, or of one block
/// where some buffer holds its own block alone.
struct CollectiveTraits {
  Collective collective = Collective::barrier;
  std::string_view name = "?";
  Holding input = Holding::nothing;   ///< what is read
  Holding output = Holding::nothing;  ///< what is written
  bool reduces = false;               ///< combines the contributions of all ranks

  constexpr bool moves_data() const { return output != Holding::nothing; }
  constexpr bool rooted() const {
    return input == Holding::all_at_root || output == Holding::all_at_root;
  }
  /// The message is one block for each rank.
  constexpr bool block_per_rank() const {
    return input == Holding::own_block || output == Holding::own_block;
  }
  /// Every rank's result is the same one.
  constexpr bool same_everywhere() const { return output == Holding::all; }
  /// No rank can have its result before every rank has started.
  constexpr bool synchronizes() const { return !rooted(); }
  constexpr bool reads(int rank, int root) const { return holds(input, rank == root); }
  constexpr bool writes(int rank, int root) const { return holds(output, rank == root); }

  /// Elements of the largest input and output that a rank may have.
  constexpr std::size_t input_elements(std::size_t count, int ranks) const {
    return elements(input, count, ranks);
  }
  constexpr std::size_t output_elements(std::size_t count, int ranks) const {
    return elements(output, count, ranks);
  }
  /// Elements of the whole message.
  constexpr std::size_t message_elements(std::size_t count, int ranks) const {
    return moves_data() ? elements(Holding::all, count, ranks) : 0;
  }
  /// In place, the smaller buffer is the rank's own block of the larger one: by how many elements
  /// it lies behind its start.
  constexpr std::size_t own_block_offset(std::size_t count, int rank) const {
    return block_per_rank() ? count * static_cast<std::size_t>(rank) : 0;
  }

 private:
  static constexpr bool holds(Holding holding, bool is_root) {
    return holding == Holding::all_at_root ? is_root : holding != Holding::nothing;
  }
  constexpr std::size_t elements(Holding holding, std::size_t count, int ranks) const {
    if (holding == Holding::nothing) return 0;
    const bool every_block = block_per_rank() && holding != Holding::own_block;
    return every_block ? count * static_cast<std::size_t>(ranks) : count;
  }
};

/// The table, in the order of the enumeration.
inline constexpr std::array<CollectiveTraits, kCollectives> kCollectiveTraits = {{
    {Collective::all_reduce, "all_reduce", Holding::all, Holding::all, true},
    {Collective::reduce_scatter, "reduce_scatter", Holding::all, Holding::own_block, true},
    {Collective::all_gather, "all_gather", Holding::own_block, Holding::all, false},
    {Collective::broadcast, "broadcast", Holding::all_at_root, Holding::all, false},
    {Collective::reduce, "reduce", Holding::all, Holding::all_at_root, true},
    {Collective::barrier, "barrier", Holding::nothing, Holding::nothing, false},
}};

/// The row of a value outside the enumeration.
inline constexpr CollectiveTraits kUnknownCollective;

/// The row of a collective.
constexpr const CollectiveTraits& traits_of(Collective collective) {
  const auto row = static_cast<std::size_t>(collective);
  return row < kCollectiveTraits.size() ? kCollectiveTraits[row] : kUnknownCollective;
}

/// The collective of that name, or null.
constexpr const CollectiveTraits* find_collective(std::string_view name) {
  for (const CollectiveTraits& row : kCollectiveTraits) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace weft
