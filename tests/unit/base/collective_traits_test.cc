#include <weft/collective_traits.h>

#include <gtest/gtest.h>

#include <tuple>
#include <utility>

namespace weft {
namespace {

// Compilers write an enumerator by its name, and any other value as a cast of a number.
template <Collective kValue>
constexpr bool is_enumerator() {
  constexpr std::string_view kText = __PRETTY_FUNCTION__;
  constexpr std::size_t kEnd = kText.rfind(']');
  return kText[kEnd - 1] < '0' || kText[kEnd - 1] > '9';
}

template <std::size_t... kRows>
constexpr int enumerators(std::index_sequence<kRows...>) {
  return (0 + ... + static_cast<int>(is_enumerator<static_cast<Collective>(kRows)>()));
}

TEST(CollectiveTraits, EveryCollectiveHasARow) {
  EXPECT_TRUE(is_enumerator<Collective::barrier>());
  EXPECT_FALSE(is_enumerator<static_cast<Collective>(200)>());
  // Beyond the table too: who adds a collective and forgets its row is told so here.
  EXPECT_EQ(enumerators(std::make_index_sequence<200>()), std::ssize(kCollectiveTraits));
  for (int i = 0; i < kCollectives; ++i) {
    const auto collective = static_cast<Collective>(i);
    EXPECT_EQ(traits_of(collective).collective, collective);
    EXPECT_EQ(find_collective(traits_of(collective).name), &traits_of(collective));
  }
}

TEST(CollectiveTraits, AValueOutsideTheEnumerationMovesNothing) {
  const CollectiveTraits& traits = traits_of(static_cast<Collective>(kCollectives));
  EXPECT_EQ(traits.name, "?");
  EXPECT_FALSE(traits.moves_data());
  EXPECT_FALSE(traits.reduces);
  EXPECT_EQ(find_collective("all_reduces"), nullptr);
}

TEST(CollectiveTraits, TellWhoReadsAndWrites) {
  const CollectiveTraits& broadcast = traits_of(Collective::broadcast);
  EXPECT_TRUE(broadcast.reads(2, 2));
  EXPECT_FALSE(broadcast.reads(1, 2));
  EXPECT_TRUE(broadcast.writes(1, 2));
  const CollectiveTraits& reduce = traits_of(Collective::reduce);
  EXPECT_TRUE(reduce.reads(1, 2));
  EXPECT_FALSE(reduce.writes(1, 2));
  EXPECT_TRUE(reduce.writes(2, 2));
  EXPECT_FALSE(traits_of(Collective::barrier).reads(0, 0));
  EXPECT_FALSE(traits_of(Collective::barrier).writes(0, 0));
}

TEST(CollectiveTraits, TellHowLongBuffersAre) {
  const auto lengths = [](Collective collective) {
    const CollectiveTraits& traits = traits_of(collective);
    return std::tuple(traits.input_elements(5, 3), traits.output_elements(5, 3),
                      traits.message_elements(5, 3));
  };
  EXPECT_EQ(lengths(Collective::all_reduce), std::tuple(5, 5, 5));
  EXPECT_EQ(lengths(Collective::reduce_scatter), std::tuple(15, 5, 15));
  EXPECT_EQ(lengths(Collective::all_gather), std::tuple(5, 15, 15));
  EXPECT_EQ(lengths(Collective::broadcast), std::tuple(5, 5, 5));
  EXPECT_EQ(lengths(Collective::reduce), std::tuple(5, 5, 5));
  EXPECT_EQ(lengths(Collective::barrier), std::tuple(0, 0, 0));
  EXPECT_EQ(traits_of(Collective::all_gather).own_block_offset(5, 2), 10U);
  EXPECT_EQ(traits_of(Collective::broadcast).own_block_offset(5, 2), 0U);
}

// Who has a root need not hear of all others before it is done.
TEST(CollectiveTraits, TellWhatSynchronizes) {
  for (const CollectiveTraits& traits : kCollectiveTraits) {
    const bool one_way =
        traits.collective == Collective::broadcast || traits.collective == Collective::reduce;
    EXPECT_EQ(traits.synchronizes(), !one_way) << traits.name;
    EXPECT_EQ(traits.rooted(), one_way) << traits.name;
  }
}

}  // namespace
}  // namespace weft
