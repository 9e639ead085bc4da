#include "tuner/bound.h"

#include <gtest/gtest.h>
#include <weft/collective_traits.h>

#include "textbook.h"

namespace weft::tuner {
namespace {

TEST(Bound, IsTheTextbooksWhereItHasOne) {
  const Textbook t;
  const Fabric fabric = textbook_fabric(16, t);
  const Bound bound = lower_bound(Collective::all_reduce, 1e6, fabric);
  EXPECT_DOUBLE_EQ(bound.network_ns, 2 * 1e6 * 15 / 16 * t.beta);
  EXPECT_DOUBLE_EQ(bound.processor_ns, 1e6 * 15 / 16 * t.gamma);
  EXPECT_STREQ(bound.name(), "network");
  EXPECT_DOUBLE_EQ(lower_bound(Collective::all_gather, 1e6, fabric).network_ns,
                   1e6 * 15 / 16 * t.beta);
  EXPECT_EQ(lower_bound(Collective::barrier, 0, fabric).ns(), t.alpha);
}

// One message after the other takes as long as one takes to arrive: then it is a binomial tree.
TEST(Bound, LatencyIsThatOfTheBestTree) {
  Costs costs = textbook_costs({.alpha = 0});
  costs.network.send_ns = 500;
  costs.network.receive_ns = 0;
  const Fabric fabric = make_fabric(even_places(64, 1, 1, 1), costs, {});
  EXPECT_DOUBLE_EQ(lower_bound(Collective::all_reduce, 8, fabric).latency_ns, 6 * 500);
}

TEST(Bound, GroupsAreBoundByTheirLinks) {
  const Network tree = parse_network("fat-tree:4:1:8", 32);
  const Fabric fabric = make_fabric(even_places(32, 1, 1, 1), textbook_costs({}), tree);
  // Four switches with eight hosts each: 3/4 of twice the message over an eighth of four NICs'
  // speed.
  EXPECT_DOUBLE_EQ(lower_bound(Collective::all_reduce, 1e6, fabric).network_ns,
                   std::max(2e6 * 31 / 32 * 0.04, 2e6 * 3 / 4 * 0.04 * 4 / 8));
  const Fabric sites = make_fabric(even_places(4, 1, 1, 1), {}, parse_network("two-sites:10", 4));
  EXPECT_GE(lower_bound(Collective::broadcast, 8, sites).latency_ns, 1e7);
}

TEST(Bound, NothingIsQuicker) {
  std::vector<Fabric> fabrics;
  fabrics.push_back(make_fabric(even_places(1, 8, 2, 1), {}, {}));
  Costs two_nics;
  two_nics.nics = 2;
  fabrics.push_back(make_fabric(even_places(16, 2, 1, 2), two_nics, parse_network("rails", 16)));
  fabrics.push_back(make_fabric(even_places(16, 1, 1, 1), {}, parse_network("fat-tree:4:1:4", 16)));
  fabrics.push_back(make_fabric(even_places(8, 4, 1, 1), {}, parse_network("dragonfly:2", 8)));
  fabrics.push_back(make_fabric(even_places(6, 2, 1, 1), {}, parse_network("two-sites:1:10", 6)));
  for (const Fabric& fabric : fabrics) {
    Pricer pricer(fabric);
    for (const algorithms::Algorithm& algorithm : algorithms::all()) {
      if (!algorithms::supports(algorithm, fabric.ranks()) ||
          (algorithm.direct && fabric.hosts > 1) ||
          (algorithm.hierarchical && fabric.shape.levels.empty()))
        continue;
      const Workload work(algorithm, {.collective = algorithm.collective,
                                      .ranks = fabric.ranks(),
                                      .load_store = fabric.hosts == 1,
                                      .shape = &fabric.shape});
      const bool parts = traits_of(algorithm.collective).block_per_rank();
      for (const double bytes : {128.0, 65536.0, 67108864.0}) {
        const double count = bytes / 4 / (parts ? fabric.ranks() : 1);
        const double ns = pricer.price(work, {.count = static_cast<std::size_t>(count)}).ns;
        const double bound =
            lower_bound(algorithm.collective, parts ? count * 4 * fabric.ranks() : bytes, fabric)
                .ns();
        EXPECT_GE(ns, bound * 0.999) << name_of(algorithm.collective) << " " << algorithm.name
                                     << ", " << bytes << " bytes, " << fabric.hosts << " hosts";
      }
    }
  }
}

}  // namespace
}  // namespace weft::tuner
