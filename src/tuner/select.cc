#include "tuner/select.h"

#include <algorithm>

#include "base/error.h"

namespace weft::tuner {
namespace {

using algorithms::Algorithm;

constexpr std::size_t operator""_KiB(unsigned long long n) {
  return static_cast<std::size_t>(n) << 10;
}

// The names to try for a collective, best first; the first that exists and can serve wins.
struct Preference {
  std::string_view names[3];
};

// The size up to which everything goes to everybody at once. Over a network, two shots are quicker
// from n = αp/((p-1)(p-2)β) on (the crossing of the two formulas); with two ranks both send the
// same bytes and the second shot is a latency more.
std::size_t one_shot_bytes(const Query& query) {
  const auto p = static_cast<std::size_t>(query.ranks);
  if (query.load_store || p < 2) return 16_KiB / std::max<std::size_t>(p, 1);
  if (p == 2) return 1024_KiB;
  constexpr std::size_t kLatencyBytes = 18_KiB;  // α/β: what a link carries in one latency
  return kLatencyBytes * p / ((p - 1) * (p - 2));
}

// Where ranks share cores, every message is processor time that the others wait for: the fewest
// messages win.
bool saves_messages(const Query& query) {
  return query.crowded && !query.load_store && query.ranks > 2 && query.bytes <= 4_KiB;
}

Preference preferences(const Query& query) {
  const bool small_group = query.ranks <= 16;
  const bool direct = query.direct && query.bytes >= direct_bytes(query.ranks);
  switch (query.collective) {
    case Collective::all_reduce:
      if (direct) return {{"two_shot_direct", "two_shot", "ring"}};
      if (saves_messages(query)) return {{"recursive_doubling", "one_shot", "ring"}};
      if (query.bytes <= one_shot_bytes(query))
        return {{small_group ? "one_shot" : "recursive_doubling", "one_shot", "ring"}};
      return {{small_group ? "two_shot" : "halving_doubling", "two_shot", "ring"}};
    case Collective::reduce_scatter:
      if (direct) return {{"one_shot_direct", "one_shot", "ring"}};
      return {{small_group ? "one_shot" : "halving", "one_shot", "ring"}};
    case Collective::all_gather:
      if (direct) return {{"one_shot_direct", "one_shot", "ring"}};
      return {{small_group ? "one_shot" : "ring", "ring", "one_shot"}};
    case Collective::broadcast:
      if (direct) return {{"one_shot_direct", "one_shot", "binomial_tree"}};
      if (query.bytes > 64_KiB) return {{"scatter_all_gather", "one_shot", "binomial_tree"}};
      return {{small_group ? "one_shot" : "binomial_tree", "binomial_tree", "one_shot"}};
    case Collective::reduce:
      if (direct) return {{"one_shot_direct", "reduce_scatter_gather", "binomial_tree"}};
      if (query.bytes > 64_KiB) return {{"reduce_scatter_gather", "one_shot", "binomial_tree"}};
      return {{small_group ? "one_shot" : "binomial_tree", "binomial_tree", "one_shot"}};
    case Collective::barrier:
      return {{small_group ? "one_shot" : "dissemination", "dissemination", "one_shot"}};
  }
  return {};
}

bool usable(const Algorithm* algorithm, const Query& query) {
  return algorithm != nullptr && algorithms::supports(*algorithm, query.ranks) &&
         (!algorithm->direct || query.direct) && (!algorithm->hierarchical || query.levels);
}

const Algorithm* choose_algorithm(const Query& query) {
  const Algorithm* wanted =
      query.algorithm.empty() ? nullptr : algorithms::find(query.collective, query.algorithm);
  if (wanted != nullptr) {
    if (usable(wanted, query)) return wanted;
    if (query.strict || (!wanted->direct && !wanted->hierarchical)) {
      fail(ErrorCode::unsupported, "{} {} cannot serve {} ranks{}", name_of(query.collective),
           wanted->name, query.ranks,
           wanted->direct && !query.direct         ? " whose buffers are not all mapped"
           : wanted->hierarchical && !query.levels ? " that are all equally far from each other"
                                                   : "");
    }
  }
  for (const std::string_view name : preferences(query).names) {
    const Algorithm* algorithm = algorithms::find(query.collective, name);
    if (usable(algorithm, query)) return algorithm;
  }
  for (const Algorithm& algorithm : algorithms::all()) {
    if (algorithm.collective == query.collective && usable(&algorithm, query)) return &algorithm;
  }
  fail(ErrorCode::unsupported, "no {} for {} ranks", name_of(query.collective), query.ranks);
}

}  // namespace

Choice select(const Query& query) {
  Choice choice;
  choice.algorithm = choose_algorithm(query);
  constexpr std::size_t kPacketBytes = 256;
  const bool packet_wanted = query.protocol == Protocol::packet ||
                             (query.protocol == Protocol::automatic && query.bytes <= kPacketBytes);
  const bool packet_works = query.load_store && !choice.algorithm->direct;
  // Over a network one lane reduces while the other waits for the wire.
  constexpr std::size_t kTwoLanesBytes = 256_KiB;
  choice.lanes = !query.load_store && query.bytes >= kTwoLanesBytes ? 2 : 1;
  if (query.lanes > 0) choice.lanes = query.lanes;
  choice.protocol = packet_wanted && packet_works ? Protocol::packet : Protocol::bulk;
  return choice;
}

}  // namespace weft::tuner
