// Pools of pages as both ends of a transfer see them, and what is checked before anything moves.
#pragma once

#include <weft/pages.h>

#include <cstdint>
#include <span>
#include <string>

#include "p2p/pages/pages.h"

namespace weft::p2p {

// One side's pool, completed from what its user asked for. Plain bytes.
struct PoolShape {
  PageLayout layout;
  std::uint64_t bytes = 0;  // of pages and counters
  char fault[64] = {};      // why there is none; empty: nothing is wrong

  PageGrid grid() const;
  // Of a page. Throws Error(invalid_argument) where there is none, for `call`.
  std::uint64_t checked_offset(const char* call, int layer, std::size_t page) const;
  // Counters lie behind the pages, each in a line of its own.
  std::uint64_t counter_offset(int index) const;
  std::uint64_t checked_counter_offset(const char* call, int index) const;
};

PoolShape shape_of(const PageLayout& wanted);

// A side of a transfer.
struct PoolSide {
  const PoolShape& shape;
  const std::string& who;  // "rank 3", for messages
};

// Checks everything that a transfer names, and describes it. Where the pages are (`own`, `remote`,
// `word` of the counter) and the owner is left to the caller. Throws Error(invalid_argument).
PageRequest page_request(bool writes, const PoolSide& own, const PoolSide& remote,
                         std::span<const std::uint32_t> source,
                         std::span<const std::uint32_t> target, const PageOptions& options);

}  // namespace weft::p2p
