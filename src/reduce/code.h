// One element's 8-bit code in plain C++: what the vector code must agree with bit for bit, and the
// path of processors without vectors.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace weft::reduce {

// A value that was divided by its block's scale, to its code and back. |value| is at most kLargest,
// but for a rounding.
struct Int8 {
  static constexpr float kLargest = 127.0f;
  static std::uint8_t encode(float value) {
    return static_cast<std::uint8_t>(static_cast<std::int8_t>(std::nearbyint(value)));
  }
  static float decode(std::uint8_t code) {
    return static_cast<float>(static_cast<std::int8_t>(code));
  }
};

struct Fp8 {
  static constexpr float kLargest = 448.0f;
  static constexpr std::uint32_t kRebias = (127u - 7) << 23;
  static constexpr float kSmallestNormal = 0x1p-6f;
  static constexpr float kSmallest = 0x1p-9f;  // of the subnormal values, which are multiples of it
  static constexpr float kAlign = 0x1p14f;     // added, it makes f32 round to such a multiple
  static constexpr int kMantissaShift = 23 - 3;

  static std::uint8_t encode(float value) {
    const auto all = std::bit_cast<std::uint32_t>(value);
    const float magnitude = std::bit_cast<float>(all & 0x7FFFFFFFu);
    std::uint32_t code;
    if (magnitude < kSmallestNormal) {
      code =
          std::bit_cast<std::uint32_t>(magnitude + kAlign) - std::bit_cast<std::uint32_t>(kAlign);
    } else {
      const auto bits = std::bit_cast<std::uint32_t>(magnitude);
      code = (bits - kRebias + 0x7FFFFu + ((bits >> kMantissaShift) & 1)) >> kMantissaShift;
    }
    return static_cast<std::uint8_t>(code | ((all >> 24) & 0x80));
  }
  static float decode(std::uint8_t code) {
    const std::uint32_t magnitude = code & 0x7Fu;
    const float value = magnitude < 8
                            ? static_cast<float>(magnitude) * kSmallest
                            : std::bit_cast<float>((magnitude << kMantissaShift) + kRebias);
    return (code & 0x80) != 0 ? -value : value;
  }
};

// The scale of a block whose largest magnitude has these bits (NaN above infinity): a quotient
// rounded up to 16 significant bits.
inline float scale_of_largest(std::uint32_t bits, float largest_code) {
  constexpr std::uint32_t kInfinity = 0x7F800000u;
  constexpr std::uint32_t kQuietNan = 0x7FC00000u;
  constexpr float kLeast = 0x1p-100f;
  if (bits >= kInfinity) return std::bit_cast<float>(kQuietNan);
  const float largest = std::bit_cast<float>(bits);
  if (largest < kLeast) return 0;
  const auto quotient = std::bit_cast<std::uint32_t>(largest / largest_code);
  return std::bit_cast<float>((quotient + 0xFFu) & ~0xFFu);
}

// What elements are multiplied by before they are encoded; 0 where all codes are zeros.
inline float inverse_of_scale(float scale) { return scale > 0 ? 1.0f / scale : 0.0f; }

}  // namespace weft::reduce
