#include "algorithms/rail_blocks.h"

#include <algorithm>

namespace weft::algorithms {
namespace {

void append(std::vector<int>& list, const std::vector<int>& more) {
  list.insert(list.end(), more.begin(), more.end());
}

int size_of(const std::vector<int>& list) { return static_cast<int>(list.size()); }

}  // namespace

RailBlocks::RailBlocks(const PlanInput& plan, const Hierarchy& hierarchy)
    : plan_(plan), hierarchy_(hierarchy) {
  auto& first = of_.emplace_back();
  Columns columns(1);
  for (int rank = 0; rank < plan.ranks; ++rank) {
    first.push_back({rank});
    columns[0].push_back(rank);
  }
  for (const Stage& stage : hierarchy.stages) columns = go_on(columns, *stage.level);
  for (const auto& column : columns) {
    for (const int rank : column)
      most_between_ = std::max(most_between_, size_of(of(of_.size() - 1, rank)));
  }
}

RailBlocks::Columns RailBlocks::go_on(const Columns& columns, const topology::Level& level) {
  Columns next;
  std::vector<std::vector<int>> taken(of_.back().size());
  int widest = 0;
  int handed = 0;
  for (const auto& column : columns) {
    const Groups groups = split(column, level);
    std::vector<std::vector<int>> rails(static_cast<std::size_t>(groups.smallest));
    std::vector<int> widths(rails.size());
    for (const auto& group : groups.members) {
      for (std::size_t number = 0; number < group.size(); ++number) {
        const std::size_t rail = number % rails.size();
        const auto& blocks = of(of_.size() - 1, group[number]);
        append(taken[static_cast<std::size_t>(group[rail])], blocks);
        widths[rail] += size_of(blocks);
        if (number >= rails.size()) handed = std::max(handed, size_of(blocks));
      }
      for (std::size_t rail = 0; rail < rails.size(); ++rail) rails[rail].push_back(group[rail]);
    }
    widest = std::max(widest, *std::ranges::max_element(widths));
    next.insert(next.end(), rails.begin(), rails.end());
  }
  widest_rail_.push_back(widest);
  most_handed_.push_back(handed);
  most_taken_.push_back(size_of(*std::ranges::max_element(taken, {}, &std::vector<int>::size)));
  of_.push_back(std::move(taken));
  return next;
}

const std::vector<int>& RailBlocks::of(std::size_t stage, int rank) const {
  return of_[stage][static_cast<std::size_t>(rank)];
}

Phase RailBlocks::inside(std::size_t stage, const Home& from) const {
  const Stage& here = hierarchy_.stages[stage];
  Phase phase = phase_of(here, plan_.collective);
  for (std::size_t number = 0; number < here.group().size(); ++number) {
    std::vector<int> rail;
    if (static_cast<int>(number) < here.going) {
      for (const auto& group : here.groups.members) append(rail, of(stage + 1, group[number]));
    }
    phase.map.add(rail);
  }
  phase.widest = widest_rail_[stage];
  phase.one_by_one = true;
  phase.from = from;
  return phase;
}

Phase RailBlocks::between(Generator* generator, const Home& from) const {
  Phase phase = phase_of(hierarchy_, plan_, generator);
  for (const int rank : hierarchy_.members) phase.map.add(of(of_.size() - 1, rank));
  phase.widest = most_between_;
  phase.one_by_one = !hierarchy_.stages.empty();
  phase.from = from;
  return phase;
}

std::vector<Composer::Handing> RailBlocks::handings(std::size_t stage) const {
  const Stage& here = hierarchy_.stages[stage];
  std::vector<Composer::Handing> list;
  if (here.spot.group < 0) return list;
  const std::vector<int>& group = here.group();
  for (std::size_t number = static_cast<std::size_t>(here.going); number < group.size(); ++number) {
    const int from = group[number % static_cast<std::size_t>(here.going)];
    list.push_back({from, group[number], of(stage, group[number])});
  }
  return list;
}

}  // namespace weft::algorithms
