// Breaks every step of every algorithm in turn; the verifier must notice each time.
#include "schedule/text.h"
#include "schedules.h"

#include <functional>

namespace weft::schedule {
namespace {

// Changes step `index` of a lane; false: this change does not apply to it.
using Mutation = std::function<bool(std::vector<Step>& steps, std::size_t index)>;

void expect_all_noticed(const Mutation& mutation, std::initializer_list<int> rank_counts) {
  for (const algorithms::Algorithm& algorithm : algorithms::all()) {
    for (const int ranks : rank_counts) {
      for (const bool load_store : {false, true}) {
        const auto good =
            make_all(algorithm.collective, algorithm.name, ranks, ranks - 1, 1, load_store);
        int applied = 0;
        for (int rank = 0; rank < ranks; ++rank) {
          auto bad = good;
          for (std::size_t i = 0; i < steps(bad, rank).size(); ++i) {
            if (!mutation(steps(bad, rank), i)) continue;
            ++applied;
            EXPECT_FALSE(verify(bad).empty())
                << name_of(algorithm.collective) << " " << algorithm.name << ", " << ranks
                << " ranks, rank " << rank << ", step " << i << ": "
                << to_text(good[static_cast<std::size_t>(rank)].lanes[0].steps[i], rank);
            bad[static_cast<std::size_t>(rank)] = good[static_cast<std::size_t>(rank)];
          }
        }
        EXPECT_TRUE(applied > 0 || algorithm.collective == Collective::barrier || ranks == 1);
      }
    }
  }
}

TEST(VerifyMutations, NoticesEveryStepThatIsDropped) {
  expect_all_noticed(
      [](std::vector<Step>& list, std::size_t i) {
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
        return true;
      },
      {1, 2, 3, 4, 5, 6, 10});
}

TEST(VerifyMutations, NoticesEveryWrongPeer) {
  expect_all_noticed(
      [](std::vector<Step>& list, std::size_t i) {
        if (list[i].peer < 0) return false;
        list[i].peer += list[i].peer == 0 ? 1 : -1;
        return true;
      },
      {3, 5});
}

TEST(VerifyMutations, NoticesEverySourceOfAnotherBlockOrSlot) {
  expect_all_noticed(
      [](std::vector<Step>& list, std::size_t i) {
        if (list[i].srcs.empty()) return false;
        list[i].srcs.back().index += 1;
        return true;
      },
      {2, 3, 5});
}

TEST(VerifyMutations, NoticesEveryDestinationOfAnotherBlockOrSlot) {
  expect_all_noticed(
      [](std::vector<Step>& list, std::size_t i) {
        if (list[i].kind == StepKind::wait || list[i].dsts.empty()) return false;
        Destination& destination = list[i].dsts.front();
        destination.place.index += 1;
        if (destination.signal != kNoSignal) destination.signal += 1;
        return true;
      },
      {2, 3, 5});
}

TEST(VerifyMutations, NoticesEveryReductionThatLosesASource) {
  expect_all_noticed(
      [](std::vector<Step>& list, std::size_t i) {
        if (list[i].kind != StepKind::reduce) {
          // Collectives without reductions: drop the step instead, which must be noticed as well.
          list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
          return true;
        }
        list[i].srcs.pop_back();
        return true;
      },
      {3, 5, 10});
}

TEST(VerifyMutations, NoticesEveryFlippedFinal) {
  for (const char* name : {"ring", "two_shot", "one_shot", "halving_doubling", "binomial_tree"}) {
    const auto good = make_all_reduce(name, 5);
    for (int rank = 0; rank < 5; ++rank) {
      for (std::size_t i = 0; i < good[static_cast<std::size_t>(rank)].lanes[0].steps.size(); ++i) {
        auto bad = good;
        if (steps(bad, rank)[i].kind != StepKind::reduce) continue;
        steps(bad, rank)[i].final ^= true;
        EXPECT_FALSE(verify(bad).empty()) << name << ", rank " << rank << ", step " << i;
      }
    }
  }
}

TEST(VerifyMutations, NoticesEveryBareSignalThatIsDroppedTogetherWithItsWait) {
  const std::pair<Collective, const char*> cases[] = {
      {Collective::all_reduce, "two_shot_direct"},
      {Collective::reduce_scatter, "one_shot_direct"},
      {Collective::all_gather, "one_shot_direct"},
      {Collective::broadcast, "one_shot_direct"},
      {Collective::reduce, "two_shot_direct"},
      {Collective::broadcast, "one_shot"},
      {Collective::reduce, "one_shot"},
      {Collective::barrier, "one_shot"},
      {Collective::barrier, "dissemination"}};
  for (const auto& [collective, name] : cases) {
    const auto good = make_all(collective, name, 5, 1);
    for (int rank = 0; rank < 5; ++rank) {
      for (std::size_t i = 0; i < good[static_cast<std::size_t>(rank)].lanes[0].steps.size(); ++i) {
        auto bad = good;
        const Step dropped = steps(bad, rank)[i];
        if (dropped.kind != StepKind::signal) continue;
        steps(bad, rank).erase(steps(bad, rank).begin() + static_cast<std::ptrdiff_t>(i));
        std::erase_if(steps(bad, dropped.peer), [&](const Step& step) {
          return step.kind == StepKind::wait && step.signal == dropped.signal;
        });
        EXPECT_FALSE(verify(bad).empty()) << name << ", rank " << rank << ", step " << i;
      }
    }
  }
}

}  // namespace
}  // namespace weft::schedule
