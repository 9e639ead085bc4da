// Small blobs that processes exchange before they can move anything else.
#pragma once

#include <weft/blob.h>
#include <weft/error.h>

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace weft {

class BlobWriter {
 public:
  template <typename T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    append(&value, sizeof(value));
  }
  void put_bytes(std::span<const std::byte> bytes);
  void put_text(std::string_view text);
  void append(const void* data, std::size_t bytes);
  const Blob& blob() const { return blob_; }

 private:
  Blob blob_;
};

// Reads what a BlobWriter of the same build wrote. Throws Error(`code`) past the end.
class BlobReader {
 public:
  explicit BlobReader(std::span<const std::byte> blob, ErrorCode code = ErrorCode::bootstrap)
      : rest_(blob), code_(code) {}
  bool at_end() const { return rest_.empty(); }
  template <typename T>
  T get() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  Blob get_bytes();
  std::string get_text();

 private:
  std::span<const std::byte> take(std::size_t bytes);
  std::span<const std::byte> rest_;
  ErrorCode code_;
};

}  // namespace weft
