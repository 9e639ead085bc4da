#include "connections/routes.h"

#include <gtest/gtest.h>
#include <weft/error.h>

namespace weft {
namespace {

using Names = std::vector<std::string>;

TEST(Routes, WithoutRulesLeaveEveryPairAlone) {
  const Routes routes{""};
  EXPECT_EQ(routes.names({0, 1, true}), Names{});
  EXPECT_FALSE(routes.mention("shm"));
}

TEST(Routes, TellRanksOfOneMachineFromOthers) {
  const Routes routes{"machine=shm,remote=verbs+ucx"};
  EXPECT_EQ(routes.names({0, 1, true}), Names{"shm"});
  EXPECT_EQ(routes.names({0, 1, false}), (Names{"verbs", "ucx"}));
  EXPECT_TRUE(routes.mention("ucx"));
}

TEST(Routes, FitPairsOfRanksInEitherOrder) {
  const Routes routes{"0-1:2-3=ucx,5:*=verbs"};
  EXPECT_EQ(routes.names({0, 3, true}), Names{"ucx"});
  EXPECT_EQ(routes.names({3, 0, true}), Names{"ucx"});
  EXPECT_EQ(routes.names({0, 1, true}), Names{});
  EXPECT_EQ(routes.names({5, 9, true}), Names{"verbs"});
  EXPECT_EQ(routes.names({9, 5, true}), Names{"verbs"});
}

TEST(Routes, TheFirstRuleThatFitsCounts) {
  const Routes routes{"0:1=ucx,*=shm,machine=verbs"};
  EXPECT_EQ(routes.names({1, 0, true}), Names{"ucx"});
  EXPECT_EQ(routes.names({1, 2, true}), Names{"shm"});
}

TEST(Routes, NameARuleThatCannotBeRead) {
  for (const std::string rules :
       {"shm", "host=shm", "0-1=ucx", "0:1=", "=ucx", "1-0:2=ucx", "-1:2=ucx", "0:1x=ucx", "0:=ucx",
        "99999999999:0=ucx", ",", "0:1=+"}) {
    try {
      const Routes routes{"machine=shm," + rules};
      ADD_FAILURE() << rules << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_NE(std::string(error.what()).find("WEFT_ROUTES"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace weft
