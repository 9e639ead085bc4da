#include "links/completions.h"

#include <algorithm>

namespace weft::links {

Completion& Completion::operator=(Completion&& other) noexcept {
  if (this == &other) return *this;
  release();
  pool_ = std::exchange(other.pool_, nullptr);
  counters_ = std::exchange(other.counters_, nullptr);
  return *this;
}

bool Completion::all_done() const { return counters_->all_done(); }

void Completion::release() {
  if (pool_ != nullptr) pool_->give_back(counters_);
  pool_ = nullptr;
  counters_ = nullptr;
}

Completion Completions::take(int peer, std::size_t count) {
  if (!orphans_.empty()) sweep();
  const auto fits = std::ranges::find_if(
      free_, [count](const Counters* counters) { return counters->asked.size() == count; });
  Counters* counters = nullptr;
  if (fits == free_.end()) {
    counters = all_.emplace_back(std::make_unique<Counters>()).get();
  } else {
    counters = *fits;
    free_.erase(fits);
  }
  counters->peer = peer;
  counters->connection = disconnections_[peer];
  counters->asked.assign(count, 0);
  counters->completed.assign(count, 0);
  return {this, counters};
}

void Completions::reuse(Counters* counters) {
  counters->kept.reset();
  free_.push_back(counters);
}

// Whether nothing of it will be raised any more.
bool Completions::is_over(const Counters& counters) const {
  return counters.all_done() || counters.connection != disconnections_.at(counters.peer);
}

void Completions::give_back(Counters* counters) {
  is_over(*counters) ? reuse(counters) : orphans_.push_back(counters);
}

void Completions::sweep() {
  std::erase_if(orphans_, [this](Counters* counters) {
    if (!is_over(*counters)) return false;
    reuse(counters);
    return true;
  });
}

bool Completions::idle(int peer) const {
  return std::ranges::all_of(
      all_, [&](const auto& counters) { return counters->peer != peer || is_over(*counters); });
}

void Completions::disconnected(int peer) {
  ++disconnections_[peer];
  sweep();
}

}  // namespace weft::links
