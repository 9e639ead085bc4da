#include "base/verdict.h"

#include <algorithm>

#include "base/error.h"

namespace weft {

void check_all(const char* call, std::span<const Verdict> by_rank) {
  const auto failed = std::ranges::find_if_not(by_rank, &Verdict::ok);
  if (failed == by_rank.end()) return;
  fail(failed->code, "{}: rank {}: {}", call, failed - by_rank.begin(), failed->text);
}

}  // namespace weft
