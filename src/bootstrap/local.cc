#include "bootstrap/bootstrap.h"
#include "bootstrap/deadline.h"

#include "base/error.h"

#include <condition_variable>
#include <mutex>
#include <optional>

namespace weft::bootstrap {
namespace {

// One all_gather. Shared, because a fast rank may start the next one before a slow rank has read
// this one.
struct Round {
  explicit Round(int size) : blobs(static_cast<std::size_t>(size)) {}
  std::vector<std::optional<Blob>> blobs;
  std::size_t arrived = 0;
};

struct Group {
  explicit Group(int ranks) : size(ranks), round(std::make_shared<Round>(ranks)) {}

  std::mutex mutex;
  std::condition_variable changed;
  const int size;
  std::shared_ptr<Round> round;
  std::vector<int> gone;         // ranks whose Bootstrap was destroyed
  std::optional<Error> failure;  // the first one; final
};

std::vector<int> missing_from(const Round& round) {
  std::vector<int> missing;
  for (std::size_t rank = 0; rank < round.blobs.size(); ++rank) {
    if (!round.blobs[rank]) missing.push_back(static_cast<int>(rank));
  }
  return missing;
}

class Local final : public Bootstrap {
 public:
  Local(std::shared_ptr<Group> group, int rank) : group_(std::move(group)), rank_(rank) {}

  ~Local() override {
    const std::lock_guard lock(group_->mutex);
    group_->gone.push_back(rank_);
    group_->changed.notify_all();
  }

  int rank() const override { return rank_; }
  int size() const override { return group_->size; }
  std::string description() const override { return "threads of one process"; }

  std::vector<Blob> all_gather(std::span<const std::byte> mine,
                               std::chrono::nanoseconds timeout) override {
    const Deadline deadline(timeout);
    std::unique_lock lock(group_->mutex);
    if (group_->failure) throw Error(*group_->failure);
    ++calls_;
    const std::shared_ptr<Round> round = group_->round;
    arrive(*round, mine);
    while (round->arrived < round->blobs.size()) {
      if (group_->failure) throw Error(*group_->failure);
      check_gone(*round);
      if (group_->changed.wait_until(lock, deadline.at()) == std::cv_status::timeout &&
          round->arrived < round->blobs.size() && !group_->failure) {
        give_up(ErrorCode::timeout, fmt::format("{} not called all_gather #{} within {}",
                                                ranks_have(missing_from(*round), size()), calls_,
                                                in_words(deadline.timeout())));
      }
    }
    std::vector<Blob> all;
    all.reserve(round->blobs.size());
    for (const auto& blob : round->blobs) all.push_back(*blob);
    return all;
  }

 private:
  void arrive(Round& round, std::span<const std::byte> mine) {
    round.blobs[static_cast<std::size_t>(rank_)].emplace(mine.begin(), mine.end());
    if (++round.arrived < round.blobs.size()) return;
    group_->round = std::make_shared<Round>(group_->size);
    group_->changed.notify_all();
  }

  void check_gone(const Round& round) {
    for (const int rank : group_->gone) {
      if (round.blobs[static_cast<std::size_t>(rank)]) continue;
      give_up(ErrorCode::bootstrap,
              fmt::format("rank {} of {} left before all_gather #{}", rank, size(), calls_));
    }
  }

  [[noreturn]] void give_up(ErrorCode code, const std::string& message) {
    group_->failure.emplace(code, message);
    group_->changed.notify_all();
    throw Error(*group_->failure);
  }

  const std::shared_ptr<Group> group_;
  const int rank_;
  int calls_ = 0;
};

}  // namespace

std::vector<std::shared_ptr<Bootstrap>> make_local(int size) {
  if (size < 1) fail(ErrorCode::invalid_argument, "{} ranks: at least 1", size);
  const auto group = std::make_shared<Group>(size);
  std::vector<std::shared_ptr<Bootstrap>> ranks;
  ranks.reserve(static_cast<std::size_t>(size));
  for (int rank = 0; rank < size; ++rank) ranks.push_back(std::make_shared<Local>(group, rank));
  return ranks;
}

}  // namespace weft::bootstrap
