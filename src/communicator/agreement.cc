#include "communicator/agreement.h"

#include <algorithm>

namespace weft {

void check_all(const char* call, std::span<const Verdict> by_rank) {
  const auto failed = std::ranges::find_if_not(by_rank, &Verdict::ok);
  if (failed == by_rank.end()) return;
  fail(failed->code, "{}: rank {}: {}", call, failed - by_rank.begin(), failed->text);
}

void agree(Communicator::Impl& communicator, const char* call, const Verdict& mine) {
  std::vector<Verdict> all(static_cast<std::size_t>(communicator.ranks()));
  communicator.gather(&mine, all.data(), sizeof(Verdict));
  check_all(call, all);
}

}  // namespace weft
