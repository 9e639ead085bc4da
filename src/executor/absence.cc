#include "executor/absence.h"

namespace weft::executor {

void Absence::look() {
  for (std::size_t rank = 0; rank < left_.size(); ++rank) {
    if (left_[rank] || !world_.left(static_cast<int>(rank))) continue;
    left_[rank] = true;
    any_left_ = true;
  }
}

const std::string* Absence::of(int rank) const {
  static const std::string kLeft = "it has left the communicator";
  if (!any()) return nullptr;
  const auto index = static_cast<std::size_t>(rank);
  const int peer = world_.links[index].peer;
  if (const links::Failure* failure = links_.failures.of(peer); failure != nullptr)
    return &failure->cause;
  return left_[index] && links_.completions.idle(peer) ? &kLeft : nullptr;
}

}  // namespace weft::executor
