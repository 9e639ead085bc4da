#include "bootstrap/frame.h"

#include "base/error.h"

#include <algorithm>
#include <string>

namespace weft::bootstrap {
namespace {

template <typename Integer>
void append_integer(Blob& out, Integer value) {
  for (std::size_t byte = 0; byte < sizeof(Integer); ++byte) {
    out.push_back(static_cast<std::byte>(value >> (8 * byte)));
  }
}

template <typename Integer>
Integer integer_at(std::span<const std::byte> bytes, std::size_t offset) {
  std::uint64_t value = 0;
  for (std::size_t byte = sizeof(Integer); byte-- > 0;) {
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[offset + byte]);
  }
  return static_cast<Integer>(value);
}

// As much of the magic as has come must be right: a stranger is known by its first byte.
void check_magic(std::span<const std::byte> bytes) {
  const std::size_t known = std::min(bytes.size(), sizeof(kMagic));
  for (std::size_t i = 0; i < known; ++i) {
    if (bytes[i] == static_cast<std::byte>(kMagic >> (8 * i))) continue;
    std::string shown;
    for (const std::byte byte : bytes.first(std::min<std::size_t>(bytes.size(), 8))) {
      const auto c = std::to_integer<unsigned char>(byte);
      shown += c >= 0x20 && c < 0x7f ? std::string(1, static_cast<char>(c))
                                     : fmt::format("\\x{:02x}", c);
    }
    fail(ErrorCode::bootstrap, "not a weft connection: it starts with \"{}\"", shown);
  }
}

}  // namespace

void append_frame(Blob& out, FrameKind kind, std::uint32_t rank, std::uint32_t number,
                  std::span<const std::byte> payload) {
  append_integer(out, kMagic);
  append_integer(out, kVersion);
  append_integer(out, static_cast<std::uint16_t>(kind));
  append_integer(out, rank);
  append_integer(out, number);
  append_integer(out, static_cast<std::uint32_t>(payload.size()));
  out.insert(out.end(), payload.begin(), payload.end());
}

void FrameReader::feed(std::span<const std::byte> bytes) {
  if (start_ > 0) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(start_));
    start_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

std::optional<Frame> FrameReader::next() {
  const auto bytes = std::span<const std::byte>(buffer_).subspan(start_);
  check_magic(bytes);
  if (bytes.size() >= 6) {
    const auto version = integer_at<std::uint16_t>(bytes, 4);
    if (version != kVersion) {
      another_version_ = true;
      fail(ErrorCode::bootstrap, "start-up protocol version {}, not {}", version, kVersion);
    }
  }
  if (bytes.size() < kHeaderBytes) return std::nullopt;
  const auto kind = integer_at<std::uint16_t>(bytes, 6);
  if (kind < static_cast<std::uint16_t>(FrameKind::hello) ||
      kind > static_cast<std::uint16_t>(FrameKind::failure)) {
    fail(ErrorCode::bootstrap, "unknown frame kind {}", kind);
  }
  const std::size_t length = integer_at<std::uint32_t>(bytes, 16);
  if (length > max_payload_) {
    fail(ErrorCode::bootstrap, "a frame of {} bytes, at most {} are allowed", length, max_payload_);
  }
  if (bytes.size() < kHeaderBytes + length) return std::nullopt;
  const auto payload = bytes.subspan(kHeaderBytes, length);
  start_ += kHeaderBytes + length;
  return Frame{static_cast<FrameKind>(kind), integer_at<std::uint32_t>(bytes, 8),
               integer_at<std::uint32_t>(bytes, 12), Blob(payload.begin(), payload.end())};
}

}  // namespace weft::bootstrap
