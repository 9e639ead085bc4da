#include "harness.h"

#include <algorithm>
#include <limits>
#include <ostream>
#include <random>

namespace weft::test {
namespace {

constexpr std::size_t kGuard = 128;
constexpr std::byte kGuardValue{0xA5};

template <class T>
T random_bits(std::mt19937_64& random) {
  const std::uint64_t bits = random();
  T value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

template <class T>
std::vector<T> extremes() {
  if constexpr (kIsHalf<T>) {
    // Zeros, smallest subnormals, infinities and the values next to them, quiet and signalling
    // NaNs: as bits.
    const int infinity = T::nearest(std::numeric_limits<double>::infinity()).bits;
    std::vector<T> values;
    for (const int bits : {0, 1, 2, infinity - 1, infinity, infinity + 1, 0x7FFF}) {
      values.push_back(T{static_cast<std::uint16_t>(bits)});
      values.push_back(T{static_cast<std::uint16_t>(bits | 0x8000)});
    }
    return values;
  } else if constexpr (std::is_floating_point_v<T>) {
    using Limits = std::numeric_limits<T>;
    const T positive[] = {T{0},
                          Limits::denorm_min(),
                          Limits::min(),
                          Limits::min() / 2,
                          Limits::max(),
                          Limits::infinity(),
                          Limits::quiet_NaN(),
                          Limits::signaling_NaN(),
                          Limits::epsilon()};
    std::vector<T> values;
    for (const T value : positive) {
      values.push_back(value);
      values.push_back(-value);
    }
    return values;
  } else {
    using Limits = std::numeric_limits<T>;
    return {Limits::min(), Limits::max(),      T{0},
            T{1},          static_cast<T>(-1), static_cast<T>(Limits::min() + 1)};
  }
}

template <class T>
T moderate(std::mt19937_64& random) {
  const int value = static_cast<int>(random() % 4001) - 2000;
  if constexpr (kIsHalf<T>) {
    return T::nearest(value / 256.0);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value) / static_cast<T>(random() % 999 + 1);
  } else {
    return static_cast<T>(value);
  }
}

std::size_t shift_of(Placement placement, std::size_t element_bytes, std::mt19937_64& random,
                     std::size_t common_shift) {
  switch (placement) {
    case Placement::aligned:
      return 0;
    case Placement::shifted_together:
      return common_shift;
    case Placement::shifted:
      return random() % 64 / element_bytes * element_bytes;
    case Placement::odd_bytes:
      break;
  }
  return random() % 64;
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Case& c) {
  return stream << name_of(c.type) << ' ' << name_of(c.op) << " from " << c.srcs << " to " << c.dsts
                << " (" << c.in_place << " in place), count " << c.count << ", divisor "
                << c.divisor << (c.store == reduce::Store::streaming ? ", streaming" : ", cached")
                << ", placement " << static_cast<int>(c.placement) << ", seed " << c.seed;
}

Bytes awkward_values(DataType type, std::size_t count, std::uint64_t seed) {
  return with_type(type, [&](auto zero) {
    using T = decltype(zero);
    std::mt19937_64 random(seed);
    const std::vector<T> special = extremes<T>();
    Bytes bytes(count * sizeof(T));
    for (std::size_t i = 0; i < count; ++i) {
      const auto kind = random() % 4;
      const T value = kind == 0   ? special[random() % special.size()]
                      : kind == 1 ? random_bits<T>(random)
                                  : moderate<T>(random);
      std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
    }
    return bytes;
  });
}

Buffer::Buffer(std::size_t bytes, std::size_t shift)
    : bytes_(bytes), memory_(bytes + shift + 64 + 2 * kGuard, kGuardValue) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory_.data()) + kGuard;
  begin_ = kGuard + (64 - address % 64) % 64 + shift;
}

void Buffer::fill(const Bytes& contents) { std::copy(contents.begin(), contents.end(), data()); }

Bytes Buffer::contents() const {
  const auto begin = memory_.begin() + static_cast<std::ptrdiff_t>(begin_);
  return Bytes(begin, begin + static_cast<std::ptrdiff_t>(bytes_));
}

bool Buffer::guards_intact() const {
  const auto begin = memory_.begin() + static_cast<std::ptrdiff_t>(begin_);
  const auto is_guard = [](std::byte value) { return value == kGuardValue; };
  return std::all_of(memory_.begin(), begin, is_guard) &&
         std::all_of(begin + static_cast<std::ptrdiff_t>(bytes_), memory_.end(), is_guard);
}

testing::AssertionResult gives_the_expected(const Case& c) {
  const std::size_t element_bytes = size_of(c.type);
  const std::size_t bytes = c.count * element_bytes;
  std::mt19937_64 random(c.seed);
  const std::size_t common_shift = random() % 64 / element_bytes * element_bytes;
  const auto make_buffer = [&] {
    return Buffer(bytes, shift_of(c.placement, element_bytes, random, common_shift));
  };

  std::vector<Bytes> inputs;
  std::vector<Buffer> buffers;  // the sources, then the destinations that are none
  buffers.reserve(static_cast<std::size_t>(c.srcs + c.dsts));
  std::vector<const void*> srcs;
  std::vector<void*> dsts;
  for (int s = 0; s < c.srcs; ++s) {
    inputs.push_back(awkward_values(c.type, c.count, random()));
    buffers.push_back(make_buffer());
    buffers.back().fill(inputs.back());
    srcs.push_back(buffers.back().data());
  }
  for (int d = 0; d < c.dsts; ++d) {
    if (d < c.in_place) {
      // Backwards, so that the destination is not always the first source.
      dsts.push_back(buffers[static_cast<std::size_t>(c.srcs - 1 - d)].data());
    } else {
      buffers.push_back(make_buffer());
      dsts.push_back(buffers.back().data());
    }
  }

  const Bytes wanted = expected(c.type, c.op, inputs, c.divisor);
  reduce::kernel(c.type, c.op)(dsts.data(), c.dsts, srcs.data(), c.srcs, c.count, c.divisor,
                               c.store);

  for (int b = 0; b < static_cast<int>(buffers.size()); ++b) {
    const bool is_destination = b >= c.srcs - c.in_place;
    const Bytes& right = is_destination ? wanted : inputs[static_cast<std::size_t>(b)];
    const Bytes found = buffers[static_cast<std::size_t>(b)].contents();
    const auto [wrong, _] = std::mismatch(found.begin(), found.end(), right.begin());
    if (wrong != found.end()) {
      const auto at = static_cast<std::size_t>(wrong - found.begin()) / element_bytes;
      return testing::AssertionFailure()
             << c << ": " << (is_destination ? "destination" : "source") << " buffer " << b
             << " is wrong at element " << at << ": found "
             << testing::PrintToString(
                    Bytes(found.begin() + static_cast<std::ptrdiff_t>(at * element_bytes),
                          found.begin() + static_cast<std::ptrdiff_t>((at + 1) * element_bytes)))
             << ", expected "
             << testing::PrintToString(
                    Bytes(right.begin() + static_cast<std::ptrdiff_t>(at * element_bytes),
                          right.begin() + static_cast<std::ptrdiff_t>((at + 1) * element_bytes)));
    }
    if (!buffers[static_cast<std::size_t>(b)].guards_intact()) {
      return testing::AssertionFailure() << c << ": wrote outside buffer " << b;
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace weft::test
