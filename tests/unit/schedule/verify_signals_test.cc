#include "schedules.h"

#include <utility>

namespace weft::schedule {
namespace {

// The index of a rank's first wait.
std::size_t first_wait(std::vector<Schedule>& schedules, int rank) {
  std::size_t i = 0;
  while (steps(schedules, rank)[i].kind != StepKind::wait) ++i;
  return i;
}

void erase(std::vector<Schedule>& schedules, int rank, std::size_t step) {
  steps(schedules, rank).erase(steps(schedules, rank).begin() + static_cast<std::ptrdiff_t>(step));
}

TEST(VerifySignals, NamesAWaitThatWasDropped) {
  auto schedules = make_all_reduce("ring", 4);
  erase(schedules, 2, first_wait(schedules, 2));
  EXPECT_TRUE(mentions(complaints(schedules), "raises slot 0 of rank 2, which never waits for it"));
}

TEST(VerifySignals, NamesASignalThatWasDropped) {
  auto schedules = make_all(Collective::barrier, "dissemination", 4);
  erase(schedules, 1, 0);
  EXPECT_TRUE(mentions(complaints(schedules), "waits for slot 0, which nobody raises"));
}

TEST(VerifySignals, NamesAPutThatWasDropped) {
  auto schedules = make_all_reduce("one_shot", 4);
  erase(schedules, 3, 0);
  EXPECT_TRUE(mentions(complaints(schedules), "waits for slot 2, which nobody raises"));
}

TEST(VerifySignals, NamesASecondWriterOfASlot) {
  auto schedules = make_all_reduce("one_shot", 4);
  for (Destination& destination : steps(schedules, 3)[0].dsts) {
    if (destination.place.rank == 0) destination = {{Buffer::slot, 0, 1}, 1};
  }
  EXPECT_TRUE(mentions(complaints(schedules), "raises slot 1 of rank 0, which rank 2 raises"));
}

TEST(VerifySignals, NamesASecondWait) {
  auto schedules = make_all_reduce("one_shot", 3);
  auto& list = steps(schedules, 0);
  list.insert(list.begin() + 2, list[1]);
  EXPECT_TRUE(mentions(complaints(schedules), "waits for slot 0 again"));
}

TEST(VerifySignals, NamesAWaitForTheWrongPeer) {
  auto schedules = make_all_reduce("one_shot", 3);
  steps(schedules, 0)[1].peer = 2;
  EXPECT_TRUE(mentions(complaints(schedules), "waits for rank 2, but rank 1 raises slot 0"));
}

TEST(VerifySignals, NamesOtherBlocksThanWereSent) {
  auto schedules = make_all_reduce("ring", 4);
  steps(schedules, 2)[first_wait(schedules, 2)].block = 3;
  EXPECT_TRUE(mentions(complaints(schedules), "expects blocks 3+1, but rank 1 sends 0+1"));
}

TEST(VerifySignals, NamesAnotherPlaceThanWasSentTo) {
  auto schedules = make_all_reduce("two_shot", 3);
  Step& last = steps(schedules, 0).back();
  last.dsts[0].place = {Buffer::slot, 0, last.signal};
  EXPECT_TRUE(mentions(complaints(schedules), "expects the data at slot"));
}

TEST(VerifySignals, NamesDataThatTheWaitIgnores) {
  auto schedules = make_all_reduce("one_shot", 2);
  Step& wait = steps(schedules, 0)[1];
  wait.blocks = 0;
  wait.dsts.clear();
  EXPECT_TRUE(mentions(complaints(schedules), "expects blocks 0+0, but rank 1 sends 0+1"));
}

TEST(VerifySignals, NamesAReceivingSlotUsedAsScratch) {
  auto schedules = make_all_reduce("one_shot", 3);
  steps(schedules, 0).back().dsts.push_back({{Buffer::slot, 0, 1}, kNoSignal});
  EXPECT_TRUE(mentions(complaints(schedules), "uses slot 1 as scratch, but rank 2 sends to it"));
}

}  // namespace
}  // namespace weft::schedule
