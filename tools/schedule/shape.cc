#include "shape.h"

#include <algorithm>
#include <numeric>

namespace weft::tools {
namespace {

// Hosts of these sizes, again and again, the last one cut short.
Layout repeated(int ranks, const std::vector<int>& sizes) {
  Layout layout;
  for (std::size_t i = 0; ranks > 0; ++i) {
    layout.hosts.push_back(std::min(ranks, sizes[i % sizes.size()]));
    ranks -= layout.hosts.back();
  }
  return layout;
}

}  // namespace

int Layout::ranks() const { return std::accumulate(hosts.begin(), hosts.end(), 0); }

std::vector<int> Layout::host_of_ranks() const {
  std::vector<int> host;
  for (std::size_t h = 0; h < hosts.size(); ++h)
    host.insert(host.end(), static_cast<std::size_t>(hosts[h]), static_cast<int>(h));
  return host;
}

topology::Shape Layout::shape() const {
  topology::Shape shape;
  const bool one_each = std::ranges::all_of(hosts, [](int ranks) { return ranks == 1; });
  if (hosts.size() > 1 && !one_each) shape.levels.push_back({"host", host_of_ranks(), true});
  return shape;
}

std::vector<Layout> sample_layouts(int ranks) {
  return {repeated(ranks, {2}), repeated(ranks, {3}), repeated(ranks, {1, 4, 2})};
}

}  // namespace weft::tools
