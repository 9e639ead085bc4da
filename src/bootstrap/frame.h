// The bytes that ranks exchange over TCP: frames of a fixed header and a payload of bounded length.
// No sockets here.
#pragma once

#include <weft/blob.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace weft::bootstrap {

// Header, little-endian: magic u32, version u16, kind u16, rank u32, number u32, payload bytes u32.
inline constexpr std::size_t kHeaderBytes = 20;
inline constexpr std::uint32_t kMagic = 0x54464557;  // "WEFT"
inline constexpr std::uint16_t kVersion = 2;
inline constexpr std::size_t kMaxPayload = std::size_t{16} << 20;

enum class FrameKind : std::uint16_t {
  hello = 1,    // to rank 0: rank = the sender's, number = its number of ranks, payload = its job
  welcome = 2,  // from rank 0, when all have come: number = the number of ranks; no payload
  blob = 3,     // rank = whose it is, number = which all_gather, counted from 1
  failure = 4,  // from rank 0, which closes then: number = the ErrorCode, payload = the message
};

struct Frame {
  FrameKind kind{};
  std::uint32_t rank = 0;
  std::uint32_t number = 0;
  Blob payload;
};

// Appends a frame. `payload` has at most kMaxPayload bytes.
void append_frame(Blob& out, FrameKind kind, std::uint32_t rank, std::uint32_t number,
                  std::span<const std::byte> payload = {});

// Cuts a stream of bytes into frames. Bad bytes are found as early as they can be, and memory grows
// with the bytes that came, never with the length that a header claims.
class FrameReader {
 public:
  explicit FrameReader(std::size_t max_payload) : max_payload_(max_payload) {}

  // For a connection whose other side has proven to be a rank.
  void set_max_payload(std::size_t bytes) { max_payload_ = bytes; }

  // More of the stream.
  void feed(std::span<const std::byte> bytes);

  // The next complete frame; none: more bytes are needed. Throws Error(bootstrap) that says what is
  // wrong with the stream, which is of no use from then on.
  std::optional<Frame> next();

  // Whether the stream is weft's, of another version than this one: such a peer can be told.
  bool another_version() const { return another_version_; }

  // Nothing is left over: the stream may end here.
  bool empty() const { return start_ == buffer_.size(); }

 private:
  std::size_t max_payload_;
  Blob buffer_;
  std::size_t start_ = 0;  // of what next() has not returned yet
  bool another_version_ = false;
};

}  // namespace weft::bootstrap
