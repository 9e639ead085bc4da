#include "perf/limits/direct_candidate.h"

#include "perf/common/spin.h"

#include <algorithm>
#include <cstring>

namespace weft::perf {

std::string_view text_of(Strategy strategy) {
  switch (strategy) {
    case Strategy::lines:
      return "lines";
    case Strategy::inbox:
      return "inbox";
    case Strategy::one_shot:
      return "one_shot";
    case Strategy::halves:
      return "halves";
    case Strategy::halves_streamed:
      return "halves_streamed";
  }
  return "?";
}

// Counters go on where the last strategy over the same pair left them.
DirectCandidate::DirectCandidate(ThreadPair& pair, int rank, Strategy strategy, BufferMemory memory)
    : mine_(pair.sides[static_cast<std::size_t>(rank)]),
      other_(pair.sides[static_cast<std::size_t>(1 - rank)]),
      rank_(rank),
      strategy_(strategy),
      memory_(memory),
      barriers_(mine_.arrived.value.load()),
      fills_(mine_.filled.value.load()) {}

bool DirectCandidate::supports(const Operation& operation) const {
  const bool known = operation.collective == Collective::all_reduce &&
                     operation.type == DataType::f32 && operation.op == ReduceOp::sum &&
                     !operation.in_place;
  if (!known) return false;
  const std::size_t bytes = operation.count * sizeof(float);
  switch (strategy_) {
    case Strategy::lines:
      return bytes <= std::size_t{64} << 10;
    case Strategy::inbox:
      return bytes >= 512 && bytes <= std::size_t{1} << 20;
    case Strategy::halves_streamed:
      return bytes >= std::size_t{256} << 10;
    default:
      return bytes >= 512;
  }
}

void DirectCandidate::prepare(const Operation& operation) {
  input_ = static_cast<const float*>(operation.input);
  output_ = static_cast<float*>(operation.output);
  count_ = operation.count;
  mine_.input = input_;
  mine_.output = output_;
  barrier();
}

void DirectCandidate::run() {
  switch (strategy_) {
    case Strategy::lines:
      return run_lines();
    case Strategy::inbox:
      return run_inbox();
    case Strategy::one_shot:
      return run_one_shot();
    case Strategy::halves:
      return run_halves(cached_);
    case Strategy::halves_streamed:
      return run_halves(streamed_);
  }
}

void DirectCandidate::barrier() {
  mine_.arrived.value.store(++barriers_, std::memory_order_release);
  spin_until([&] { return other_.arrived.value.load(std::memory_order_acquire) >= barriers_; });
}

std::int64_t DirectCandidate::sum_over_ranks(std::int64_t value) {
  mine_.number = value;
  barrier();
  const std::int64_t sum = mine_.number + other_.number;
  barrier();
  return sum;
}

// Two slots suffice: whoever is in call n has the other's data of call n - 1, so the other has left
// call n - 2.
void DirectCandidate::run_lines() {
  ++fills_;
  mine_.filled.value.store(fills_, std::memory_order_relaxed);
  const auto flag = static_cast<std::uint32_t>(fills_);
  FlaggedLine* to = other_.lines[fills_ % 2].data();
  FlaggedLine* from = mine_.lines[fills_ % 2].data();
  constexpr std::size_t kFloats = FlaggedLine::kFloats;
  for (std::size_t i = 0; i < count_; i += kFloats, ++to) {
    std::memcpy(to->data.data(), input_ + i, std::min(kFloats, count_ - i) * sizeof(float));
    to->flag.store(flag, std::memory_order_release);
  }
  for (std::size_t i = 0; i < count_; i += kFloats, ++from) {
    spin_until([&] { return from->flag.load(std::memory_order_acquire) == flag; });
    cached_(output_ + i, nullptr, input_ + i, from->data.data(), std::min(kFloats, count_ - i));
  }
}

void DirectCandidate::run_inbox() {
  ++fills_;
  std::memcpy(other_.inbox[fills_ % 2].get(), input_, count_ * sizeof(float));
  mine_.filled.value.store(fills_, std::memory_order_release);
  spin_until([&] { return other_.filled.value.load(std::memory_order_acquire) >= fills_; });
  cached_(output_, nullptr, input_, static_cast<const float*>(mine_.inbox[fills_ % 2].get()),
          count_);
}

void DirectCandidate::run_one_shot() {
  barrier();
  cached_(output_, nullptr, input_, other_.input, count_);
  barrier();
}

std::size_t DirectCandidate::middle() const {
  constexpr std::size_t kLine = 16;
  return std::min(count_, (count_ / 2 + kLine - 1) / kLine * kLine);
}

void DirectCandidate::run_halves(SumKernel sum) {
  const std::size_t first = rank_ == 0 ? 0 : middle();
  const std::size_t last = rank_ == 0 ? middle() : count_;
  barrier();
  sum(output_ + first, other_.output + first, input_ + first, other_.input + first, last - first);
  barrier();
}

}  // namespace weft::perf
