// What two threads that measure a limit share: flags, in-boxes and the addresses of each other's
// buffers.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace weft::perf {

inline constexpr int kPair = 2;

// One cache line of payload with its flag: whoever sees the flag sees the payload.
struct alignas(64) FlaggedLine {
  static constexpr std::size_t kFloats = 15;
  std::array<float, kFloats> data{};
  std::atomic<std::uint32_t> flag{0};
};

struct alignas(64) Flag {
  std::atomic<std::uint64_t> value{0};
};

// One thread's side; only `inbox_*` and the published pointers are touched by the other.
struct PairSide {
  static constexpr std::size_t kLines = 8192;                       // per slot
  static constexpr std::size_t kInboxBytes = std::size_t{4} << 20;  // per slot

  PairSide();

  Flag arrived;  // counts barriers
  Flag filled;   // counts filled in-box slots of the other side
  alignas(64) std::int64_t number = 0;
  const float* input = nullptr;
  float* output = nullptr;
  std::array<std::vector<FlaggedLine>, 2> lines;  // the in-box for flagged lines, slots alternate
  std::array<std::shared_ptr<void>, 2> inbox;     // the in-box for bulk data
};

struct ThreadPair {
  std::array<PairSide, kPair> sides;
};

// Runs `body(rank)` in two threads, each bound to a core of its own where `pin` is set, and waits
// for both.
void run_pair(bool pin, const std::function<void(int rank)>& body);

}  // namespace weft::perf
