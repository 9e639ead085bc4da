#include "topology/spread.h"

#include "fixtures.h"

namespace weft::topology {
namespace {

using Cores = std::vector<int>;

TEST(Spread, ranks_share_the_cores_evenly_in_order) {
  const auto seats = spread(read_fixture("two_sockets_8_nics"), 8);
  ASSERT_EQ(seats.size(), 8u);
  EXPECT_EQ(seats[0], (Cores{0, 1, 2, 3}));
  EXPECT_EQ(seats[7], (Cores{28, 29, 30, 31}));
}

TEST(Spread, a_rest_goes_to_some) {
  const auto seats = spread(read_fixture("two_sockets_8_nics"), 3);
  EXPECT_EQ(seats[0].size() + seats[1].size() + seats[2].size(), 32u);
  EXPECT_EQ(seats[1].front(), seats[0].back() + 1);
}

TEST(Spread, more_ranks_than_cores_share) {
  const auto seats = spread(read_fixture("container_2_of_100"), 4);
  EXPECT_EQ(seats, (std::vector<Cores>{{52}, {52}, {53}, {53}}));
}

TEST(Spread, without_known_cores_nobody_has_a_place) {
  EXPECT_EQ(spread(Host(), 2), (std::vector<Cores>{{}, {}}));
}

}  // namespace
}  // namespace weft::topology
