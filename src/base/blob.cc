#include "base/blob.h"

#include "base/error.h"

namespace weft {

void BlobWriter::append(const void* data, std::size_t bytes) {
  const auto* begin = static_cast<const std::byte*>(data);
  blob_.insert(blob_.end(), begin, begin + bytes);
}

void BlobWriter::put_bytes(std::span<const std::byte> bytes) {
  put(static_cast<std::uint64_t>(bytes.size()));
  append(bytes.data(), bytes.size());
}

void BlobWriter::put_text(std::string_view text) { put_bytes(std::as_bytes(std::span(text))); }

std::span<const std::byte> BlobReader::take(std::size_t bytes) {
  if (bytes > rest_.size()) fail(code_, "what describes a peer is cut short");
  const auto result = rest_.first(bytes);
  rest_ = rest_.subspan(bytes);
  return result;
}

Blob BlobReader::get_bytes() {
  const auto bytes = take(static_cast<std::size_t>(get<std::uint64_t>()));
  return {bytes.begin(), bytes.end()};
}

std::string BlobReader::get_text() {
  const Blob bytes = get_bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace weft
