#include "tuner/rules.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/error.h"

namespace weft::tuner {
namespace {

using algorithms::Algorithm;

constexpr std::size_t operator""_KiB(unsigned long long n) {
  return static_cast<std::size_t>(n) << 10;
}

// The names to try for a collective, best first; the first that exists and can serve wins.
struct Preference {
  std::array<std::string_view, 3> names;
};

// The size up to which everything goes to everybody at once. Over a network, two shots are quicker
// from n = αp/((p-1)(p-2)β) on (the crossing of the two formulas); with two ranks both send the
// same bytes and the second shot is a latency more.
std::size_t one_shot_bytes(const Case& given) {
  const auto p = static_cast<std::size_t>(given.ranks);
  if (given.load_store || p < 2) return 16_KiB / std::max<std::size_t>(p, 1);
  if (p == 2) return given.copied ? ~std::size_t{0} : 1024_KiB;
  constexpr std::size_t kLatencyBytes = 18_KiB;  // α/β: what a link carries in one latency
  return kLatencyBytes * p / ((p - 1) * (p - 2));
}

// Where ranks share cores, every message is processor time that the others wait for: the fewest
// messages win.
bool saves_messages(const Case& given) {
  return given.crowded && !given.load_store && given.ranks > 2 && given.bytes <= 4_KiB;
}

// Ranks that share a core are usually those at even distances: what halving-doubling sends first,
// and most, stays in that core's caches, where two shots send everything everywhere.
bool keeps_to_cores(const Case& given) {
  return given.crowded && given.load_store &&
         std::has_single_bit(static_cast<unsigned>(given.ranks));
}

// On hosts, as little as can be crosses between them, and in as few steps.
Preference on_hosts(const Case& given) {
  constexpr std::size_t kSmallBytes = 16_KiB;
  const bool small = given.bytes <= kSmallBytes;
  switch (given.collective) {
    case Collective::all_reduce:
      if (small) return {{"leader_recursive_doubling", {}, {}}};
      if (given.copied || given.bytes <= 1024_KiB) return {{"split_rail_halving_doubling", {}, {}}};
      return {{"split_rail_ring", {}, {}}};
    case Collective::reduce_scatter:
      return {{"split_rail_ring", {}, {}}};
    case Collective::all_gather:
      return {{small ? "split_rail_bruck" : "split_rail_ring", {}, {}}};
    case Collective::broadcast:
      return {{small ? "leader_binomial_tree" : "leader_scatter_all_gather", {}, {}}};
    case Collective::reduce:
      return {{small ? "leader_binomial_tree" : "leader_reduce_scatter_gather", {}, {}}};
    case Collective::barrier:
      return {{"leader_dissemination", {}, {}}};
  }
  return {};
}

Preference preferences(const Case& given) {
  if (given.levels) return on_hosts(given);
  const bool small_group = given.ranks <= 16;
  const bool direct = given.direct && given.bytes >= direct_bytes(given.ranks);
  switch (given.collective) {
    case Collective::all_reduce:
      if (direct) return {{"two_shot_direct", "two_shot", "ring"}};
      if (saves_messages(given)) return {{"recursive_doubling", "one_shot", "ring"}};
      if (given.bytes <= one_shot_bytes(given))
        return {{small_group ? "one_shot" : "recursive_doubling", "one_shot", "ring"}};
      return {{small_group && !keeps_to_cores(given) ? "two_shot" : "halving_doubling", "two_shot",
               "ring"}};
    case Collective::reduce_scatter:
      if (direct) return {{"one_shot_direct", "one_shot", "ring"}};
      return {{small_group ? "one_shot" : "halving", "one_shot", "ring"}};
    case Collective::all_gather:
      if (direct) return {{"one_shot_direct", "one_shot", "ring"}};
      return {{small_group ? "one_shot" : "ring", "ring", "one_shot"}};
    case Collective::broadcast:
      if (direct) return {{"one_shot_direct", "one_shot", "binomial_tree"}};
      if (given.bytes > 64_KiB) return {{"scatter_all_gather", "one_shot", "binomial_tree"}};
      return {{small_group ? "one_shot" : "binomial_tree", "binomial_tree", "one_shot"}};
    case Collective::reduce:
      if (direct) return {{"one_shot_direct", "reduce_scatter_gather", "binomial_tree"}};
      if (given.bytes > 64_KiB) return {{"reduce_scatter_gather", "one_shot", "binomial_tree"}};
      return {{small_group ? "one_shot" : "binomial_tree", "binomial_tree", "one_shot"}};
    case Collective::barrier:
      return {{small_group ? "one_shot" : "dissemination", "dissemination", "one_shot"}};
  }
  return {};
}

}  // namespace

bool can_serve(const Algorithm& algorithm, const Case& given) {
  return algorithm.collective == given.collective && algorithms::supports(algorithm, given.ranks) &&
         (!algorithm.direct || given.direct) && (!algorithm.hierarchical || given.levels);
}

Choice by_rule(const Case& given) {
  const auto names = preferences(given).names;
  for (const std::string_view name : names) {
    const Algorithm* algorithm = algorithms::find(given.collective, name);
    if (algorithm != nullptr && can_serve(*algorithm, given)) return by_rule(given, *algorithm);
  }
  for (const Algorithm& algorithm : algorithms::all()) {
    if (can_serve(algorithm, given)) return by_rule(given, algorithm);
  }
  fail(ErrorCode::unsupported, "no {} for {} ranks", name_of(given.collective), given.ranks);
}

Choice by_rule(const Case& given, const Algorithm& algorithm) {
  // Over a network one lane reduces while the other waits for the wire; where the processor is the
  // wire, two only cut messages smaller.
  constexpr std::size_t kTwoLanesBytes = std::size_t{256} << 10;
  constexpr std::size_t kPacketBytes = 256;
  Choice choice;
  choice.algorithm = &algorithm;
  const bool overlaps = !given.load_store && !given.copied;
  choice.lanes = overlaps && given.bytes >= kTwoLanesBytes ? 2 : 1;
  const bool packet = given.load_store && !algorithm.direct && given.bytes <= kPacketBytes;
  choice.protocol = packet ? Protocol::packet : Protocol::bulk;
  return choice;
}

}  // namespace weft::tuner
