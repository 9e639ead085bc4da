#include "tuner/rules.h"

#include <weft/collective_traits.h>

#include <algorithm>
#include <bit>

#include "algorithms/table.h"
#include "base/error.h"

namespace weft::tuner {
namespace {

using algorithms::Algorithm;
using algorithms::named;

constexpr std::size_t operator""_KiB(unsigned long long n) {
  return static_cast<std::size_t>(n) << 10;
}

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

// Each step that waits may cost a change of process there: fewer are worth more bytes. (With other
// numbers of ranks a fold takes two steps more.)
bool saves_steps(const Case& given) {
  return given.crowded && given.load_store && given.bytes <= 16_KiB &&
         std::has_single_bit(static_cast<unsigned>(given.ranks));
}

// On hosts, as little as can be crosses between them, and in as few steps.
const Algorithm& best_on_hosts(const Case& given) {
  constexpr std::size_t kSmallBytes = 16_KiB;
  const bool small = given.bytes <= kSmallBytes;
  switch (given.collective) {
    case Collective::all_reduce:
      if (small) return named(Collective::all_reduce, "leader_recursive_doubling");
      if (given.copied || given.bytes <= 1024_KiB)
        return named(Collective::all_reduce, "split_rail_halving_doubling");
      return named(Collective::all_reduce, "split_rail_ring");
    case Collective::reduce_scatter:
      return named(Collective::reduce_scatter, "split_rail_ring");
    case Collective::all_gather:
      return small ? named(Collective::all_gather, "split_rail_bruck")
                   : named(Collective::all_gather, "split_rail_ring");
    case Collective::broadcast:
      return small ? named(Collective::broadcast, "leader_binomial_tree")
                   : named(Collective::broadcast, "leader_scatter_all_gather");
    case Collective::reduce:
      return small ? named(Collective::reduce, "leader_binomial_tree")
                   : named(Collective::reduce, "leader_reduce_scatter_gather");
    case Collective::barrier:
      return named(Collective::barrier, "leader_dissemination");
  }
  fail(ErrorCode::internal, "no rule for {}", name_of(given.collective));
}

// Where peers' buffers are mapped.
const Algorithm& best_in_place(const Case& given) {
  switch (given.collective) {
    case Collective::all_reduce:
      return named(Collective::all_reduce, "two_shot_direct");
    case Collective::reduce_scatter:
      return named(Collective::reduce_scatter, "one_shot_direct");
    case Collective::all_gather:
      return named(Collective::all_gather, "one_shot_direct");
    case Collective::broadcast:
      return named(Collective::broadcast, "one_shot_direct");
    case Collective::reduce:
      return named(Collective::reduce, "two_shot_direct");
    case Collective::barrier:
      break;
  }
  fail(ErrorCode::internal, "{} moves nothing in place", name_of(given.collective));
}

const Algorithm& best_all_reduce(const Case& given, bool few) {
  if (saves_messages(given)) return named(Collective::all_reduce, "recursive_doubling");
  if (given.bytes <= one_shot_bytes(given)) {
    return few ? named(Collective::all_reduce, "one_shot")
               : named(Collective::all_reduce, "recursive_doubling");
  }
  if (saves_steps(given)) return named(Collective::all_reduce, "recursive_doubling");
  return few ? named(Collective::all_reduce, "two_shot")
             : named(Collective::all_reduce, "halving_doubling");
}

// Where ranks share cores, what goes to everybody at once waits in everybody's way.
const Algorithm& best_all_gather(const Case& given, bool few, bool large) {
  if (given.crowded && given.load_store && given.bytes >= 32_KiB)
    return given.bytes < 256_KiB ? named(Collective::all_gather, "bruck")
                                 : named(Collective::all_gather, "ring");
  if (few) return named(Collective::all_gather, "one_shot");
  return large ? named(Collective::all_gather, "ring") : named(Collective::all_gather, "bruck");
}

const Algorithm& best_staged(const Case& given) {
  const bool few = given.ranks <= 16;
  const bool large = given.bytes > (given.ranks <= 8 ? 64_KiB : 16_KiB);
  switch (given.collective) {
    case Collective::all_reduce:
      return best_all_reduce(given, few);
    case Collective::reduce_scatter:
      return few || !large ? named(Collective::reduce_scatter, "one_shot")
                           : named(Collective::reduce_scatter, "ring");
    case Collective::all_gather:
      return best_all_gather(given, few, large);
    case Collective::broadcast:
      if (large) return named(Collective::broadcast, "scatter_all_gather");
      return few ? named(Collective::broadcast, "one_shot")
                 : named(Collective::broadcast, "binomial_tree");
    case Collective::reduce:
      if (large) return named(Collective::reduce, "reduce_scatter_gather");
      return few ? named(Collective::reduce, "one_shot")
                 : named(Collective::reduce, "binomial_tree");
    case Collective::barrier:
      return few ? named(Collective::barrier, "one_shot")
                 : named(Collective::barrier, "dissemination");
  }
  fail(ErrorCode::internal, "no rule for {}", name_of(given.collective));
}

// On one host whose ranks are at several caches or in several packages: what is sent far is sent
// once for all that are near each other, as soon as bytes count for more than steps, which only
// few bytes do for a tree.
const Algorithm& best_among_caches(const Case& given) {
  constexpr std::size_t kStepBytes = 1_KiB;
  const bool small = given.bytes <= kStepBytes;
  switch (given.collective) {
    case Collective::all_reduce:
      return small ? best_staged(given) : named(Collective::all_reduce, "split_rail_one_shot");
    case Collective::reduce_scatter:
      return named(Collective::reduce_scatter, "split_rail_one_shot");
    case Collective::all_gather:
      return small ? best_staged(given) : named(Collective::all_gather, "split_rail_one_shot");
    case Collective::broadcast:
      return small ? named(Collective::broadcast, "leader_binomial_tree") : best_staged(given);
    case Collective::reduce:
      return small ? named(Collective::reduce, "leader_binomial_tree") : best_staged(given);
    case Collective::barrier:
      return named(Collective::barrier, "leader_dissemination");
  }
  fail(ErrorCode::internal, "no rule for {}", name_of(given.collective));
}

const Algorithm& best(const Case& given) {
  if (given.levels && !given.load_store) return best_on_hosts(given);
  const bool in_place = given.direct && given.bytes >= direct_bytes(given.ranks, given.crowded);
  if (in_place && traits_of(given.collective).moves_data()) return best_in_place(given);
  return given.levels && !given.crowded ? best_among_caches(given) : best_staged(given);
}

}  // namespace

bool can_serve(const Algorithm& algorithm, const Case& given) {
  return algorithm.collective == given.collective && algorithms::supports(algorithm, given.ranks) &&
         (!algorithm.direct || given.direct) && (!algorithm.hierarchical || given.levels);
}

Choice by_rule(const Case& given) { return by_rule(given, best(given)); }

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
