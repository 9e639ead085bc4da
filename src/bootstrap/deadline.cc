#include "bootstrap/deadline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace weft::bootstrap {

using std::chrono::nanoseconds;

Deadline::Deadline(nanoseconds timeout)
    : timeout_(std::clamp<nanoseconds>(timeout, nanoseconds(0), std::chrono::hours(24 * 365))),
      at_(Clock::now() + timeout_) {}

Deadline Deadline::later(nanoseconds extra) const {
  Deadline moved = *this;
  moved.at_ += extra;
  return moved;
}

nanoseconds Deadline::left() const {
  return std::max<nanoseconds>(at_ - Clock::now(), nanoseconds(0));
}

int Deadline::poll_ms(int at_most) const {
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(at_ - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(whole)>(whole, 0, at_most));
}

std::string in_words(nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  return seconds < 1 ? fmt::format("{:g} ms", seconds * 1e3) : fmt::format("{:g} s", seconds);
}

std::string ranks_have(std::span<const int> ranks, int size) {
  constexpr std::size_t kShown = 16;
  if (ranks.size() == 1) return fmt::format("rank {} of {} has", ranks[0], size);
  const auto shown = ranks.first(std::min(ranks.size(), kShown));
  const std::string more =
      ranks.size() > kShown ? fmt::format(" and {} more", ranks.size() - kShown) : "";
  return fmt::format("ranks {}{} of {} have", fmt::join(shown, ", "), more, size);
}

}  // namespace weft::bootstrap
