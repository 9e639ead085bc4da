#include "perf/common/pattern.h"

#include <weft/data_type.h>

#include "perf/common/element.h"
#include "perf/common/names.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace weft::perf {
namespace {

constexpr int kLargestSum = 100;
constexpr int kMostFactors = 6;

std::uint64_t mix(std::uint64_t x) {  // the finalizer of splitmix64
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

bool is_integer(DataType type) { return !is_floating(type); }

}  // namespace

Pattern::Pattern(DataType type, ReduceOp op, int ranks, std::uint64_t seed)
    : type_(type),
      op_(op),
      ranks_(ranks),
      seed_(mix(seed + 1)),
      element_bytes_(element_bytes(type)) {}

double Pattern::input(int rank, std::size_t index) const {
  const std::uint64_t place = mix(seed_ + index % kPeriod);
  const std::uint64_t own = mix(place + static_cast<std::uint64_t>(rank));
  const bool negative = is_signed(type_) && (own & 1) != 0;
  const std::uint64_t random = own >> 1;
  if (op_ == ReduceOp::min || op_ == ReduceOp::max) {
    const double value = static_cast<double>(random % 100);
    return negative ? -value : value;
  }
  // Which ranks contribute rotates with the place, so that with many ranks each counts somewhere.
  const auto ranks = static_cast<std::uint64_t>(ranks_);
  const std::uint64_t distance = (static_cast<std::uint64_t>(rank) + place) % ranks;
  if (op_ == ReduceOp::prod) {
    const double value = distance < kMostFactors && (random & 1) != 0 ? 2 : 1;
    return negative ? -value : value;
  }
  const auto largest = static_cast<std::uint64_t>(std::clamp(kLargestSum / ranks_, 1, 10));
  const double value = distance < kLargestSum ? static_cast<double>(random % (largest + 1)) : 0;
  return negative ? -value : value;
}

double Pattern::reduced(std::size_t index) const {
  double result = input(0, index);
  for (int rank = 1; rank < ranks_; ++rank) {
    const double value = input(rank, index);
    switch (op_) {
      case ReduceOp::min:
        result = std::min(result, value);
        break;
      case ReduceOp::max:
        result = std::max(result, value);
        break;
      case ReduceOp::prod:
        result *= value;
        break;
      default:
        result += value;
    }
  }
  if (op_ != ReduceOp::avg) return result;
  return is_integer(type_) ? std::trunc(result / ranks_) : result / ranks_;
}

std::vector<std::byte> Pattern::input_table(int rank) const {
  std::vector<std::byte> table(kPeriod * element_bytes_);
  for (std::size_t i = 0; i < kPeriod; ++i) {
    // Adding zero turns -0 into 0, as any sum would.
    store_element(type_, &table[i * element_bytes_], input(rank, i) + 0.0);
  }
  return table;
}

void Pattern::fill(int rank, void* data, std::size_t count) const {
  const std::vector<std::byte> table = input_table(rank);
  auto* at = static_cast<std::byte*>(data);
  for (std::size_t done = 0; done < count; done += kPeriod) {
    std::memcpy(at + done * element_bytes_, table.data(),
                std::min(kPeriod, count - done) * element_bytes_);
  }
}

std::size_t Pattern::count_wrong(const std::vector<std::byte>& table, const void* data,
                                 std::size_t first, std::size_t count, double tolerance) const {
  const auto* at = static_cast<const std::byte*>(data);
  std::size_t wrong = 0;
  for (std::size_t done = 0; done < count;) {
    const std::size_t start = (first + done) % kPeriod;
    const std::size_t length = std::min(kPeriod - start, count - done);
    const std::byte* expected = &table[start * element_bytes_];
    const std::byte* actual = at + done * element_bytes_;
    done += length;
    if (std::memcmp(expected, actual, length * element_bytes_) == 0) continue;
    for (std::size_t i = 0; i < length; ++i) {
      const double want = load_element(type_, expected + i * element_bytes_);
      const double have = load_element(type_, actual + i * element_bytes_);
      const bool right = std::abs(have - want) <= tolerance * std::abs(want);  // false for NaN
      wrong += right ? 0 : 1;
    }
  }
  return wrong;
}

std::size_t Pattern::wrong_input(int rank, const void* data, std::size_t count) const {
  return count_wrong(input_table(rank), data, 0, count, 0);
}

std::size_t Pattern::wrong_reduced(const void* data, std::size_t first, std::size_t count) const {
  std::vector<std::byte> table(kPeriod * element_bytes_);
  for (std::size_t i = 0; i < kPeriod; ++i) {
    store_element(type_, &table[i * element_bytes_], reduced(i) + 0.0);
  }
  // An average may be a division or a multiplication by the inverse, rounded twice.
  const double tolerance = op_ == ReduceOp::avg ? 4 * relative_step(type_) : 0;
  return count_wrong(table, data, first, count, tolerance);
}

void poison(void* data, std::size_t bytes) { std::memset(data, 0xA5, bytes); }

}  // namespace weft::perf
