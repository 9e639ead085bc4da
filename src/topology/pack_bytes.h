// Numbers and texts as bytes. Small numbers take one byte, seven bits each more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace weft::topology {

class ByteWriter {
 public:
  void put(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::byte>(value | 0x80));
    bytes_.push_back(static_cast<std::byte>(value));
  }
  // Numbers around zero; -1 takes one byte.
  void put_signed(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value) << 1;
    put(value < 0 ? ~bits : bits);
  }
  void put_text(std::string_view text) {
    put(text.size());
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

// Throws Error(bootstrap) past the end and for values beyond the limits that the caller names.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::uint64_t get(std::uint64_t most = ~std::uint64_t{0}) {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      if (rest_.empty() || shift > 63) refuse("it ends too early");
      const auto part = std::to_integer<std::uint64_t>(rest_.front());
      rest_ = rest_.subspan(1);
      value |= (part & 0x7f) << shift;
      if (part < 0x80) break;
    }
    if (value > most) refuse("a number is out of range");
    return value;
  }
  int get_int(int least, int most) {
    const std::uint64_t bits = get();
    const auto half = static_cast<std::int64_t>(bits >> 1);
    const std::int64_t value = (bits & 1) != 0 ? ~half : half;
    if (value < least || value > most) refuse("a number is out of range");
    return static_cast<int>(value);
  }
  std::string get_text(std::size_t most) {
    const auto count = static_cast<std::size_t>(get(most));
    if (count > rest_.size()) refuse("it ends too early");
    std::string text(reinterpret_cast<const char*>(rest_.data()), count);
    rest_ = rest_.subspan(count);
    return text;
  }
  bool at_end() const { return rest_.empty(); }

  [[noreturn]] static void refuse(const char* why) {
    fail(ErrorCode::bootstrap, "the description of a host cannot be read: {}", why);
  }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace weft::topology
