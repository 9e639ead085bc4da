// What the parts of the verifier share; verify.h is the way in.
#pragma once

#include "schedule/elements.h"
#include "schedule/memory_model.h"
#include "schedule/verify.h"

#include <fmt/format.h>

#include <span>
#include <utility>
#include <vector>

namespace weft::schedule {

// Collects problems up to a limit.
class Report {
 public:
  explicit Report(std::size_t limit) : limit_(limit) {}

  template <typename... Args>
  void add(int rank, int lane, int step, fmt::format_string<Args...> format, Args&&... args) {
    if (full()) return;
    problems_.push_back({rank, lane, step, fmt::format(format, std::forward<Args>(args)...)});
  }
  bool empty() const { return problems_.empty(); }
  bool full() const { return problems_.size() >= limit_; }
  std::vector<Problem> take() { return std::move(problems_); }

 private:
  std::size_t limit_;
  std::vector<Problem> problems_;
};

// One slot signal of one rank in one lane: who raises it, who waits for it.
struct SignalUse {
  int sender = -1;  // rank, or -1: never raised
  int raise_step = -1;
  int wait_step = -1;  // of the owner
};

// The signals of one lane, by owner and slot.
class SignalTable {
 public:
  SignalTable(std::size_t ranks, std::size_t slots) : slots_(slots), uses_(ranks * slots) {}
  SignalUse& at(int rank, int slot) { return uses_[index(rank, slot)]; }
  const SignalUse& at(int rank, int slot) const { return uses_[index(rank, slot)]; }
  std::size_t index(int rank, int slot) const {
    return static_cast<std::size_t>(rank) * slots_ + static_cast<std::size_t>(slot);
  }
  std::size_t size() const { return uses_.size(); }

 private:
  std::size_t slots_;
  std::vector<SignalUse> uses_;
};

// Frames and single steps; nothing later is safe to run on schedules that fail here.
void check_shape(std::span<const Schedule> ranks, const VerifyOptions& options, Report& report);

// Pairs the signals of a lane with their waits.
SignalTable check_signals(std::span<const Schedule> ranks, int lane, Report& report);

// How a staged put to a peer's output gets there.
enum class Delivery { at_once, through_slot };

// Runs a lane symbolically.
void simulate(std::span<const Schedule> ranks, int lane, const SignalTable& signals,
              Delivery delivery, const Elements& elements, Report& report);

// Holds what all outputs have after it against what the collective says. `full`: by element, the
// sum of all contributions.
void check_results(const Schedule& frame, int lane, const Elements& elements, Memory& memory,
                   std::span<const std::uint64_t> full, Report& report);

}  // namespace weft::schedule
