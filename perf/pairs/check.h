// Whether what one rank sends is what the other receives.
#pragma once

#include "perf/pairs/candidate.h"

#include <cstdint>

namespace weft::perf {

// Collective. Runs the loop a few times, each time with other bytes, and returns how many bytes
// came out wrong at all ranks. Another seed is other data.
std::int64_t check_pair(Job& job, PairLoop& loop, std::uint64_t seed);

// Fills with a pattern that no other (seed, rank) has, and counts the bytes that differ from it.
void fill_pattern(std::span<std::byte> bytes, std::uint64_t seed, int rank);
std::size_t count_wrong(std::span<const std::byte> bytes, std::uint64_t seed, int rank);

}  // namespace weft::perf
