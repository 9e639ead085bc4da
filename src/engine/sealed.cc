#include "engine/sealed.h"

#include <cstring>

#include "base/blob.h"
#include "base/error.h"

namespace weft::engine {
namespace {

// "weft" and a byte that no text has.
constexpr std::uint64_t kMagic = 0x9d74666577;

struct Head {
  std::uint64_t magic = kMagic;
  std::uint32_t format = kFormat;
  Content content = Content::address;
  std::uint64_t checksum = 0;  // of the body
};
static_assert(sizeof(Head) == 24);

}  // namespace

std::uint64_t checksum(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::byte byte : bytes) {
    hash ^= std::to_integer<std::uint64_t>(byte);
    hash *= 0x100000001b3;
  }
  return hash;
}

Blob seal(Content content, const Blob& body) {
  Head head;
  head.content = content;
  head.checksum = checksum(body);
  BlobWriter writer;
  writer.put(head);
  writer.append(body.data(), body.size());
  return writer.blob();
}

std::span<const std::byte> unseal(Content content, std::span<const std::byte> sealed,
                                  const char* what) {
  Head head;
  head.magic = 0;
  if (sealed.size() >= sizeof(head)) std::memcpy(&head, sealed.data(), sizeof(head));
  if (head.magic != kMagic)
    fail(ErrorCode::invalid_argument, "not {}: {} bytes of something else", what, sealed.size());
  if (head.format != kFormat) {
    fail(ErrorCode::mismatch, "{} of another version of weft (format {}, this one reads {})", what,
         head.format, kFormat);
  }
  if (head.content != content)
    fail(ErrorCode::invalid_argument, "not {}, but something else of an engine", what);
  const std::span<const std::byte> body = sealed.subspan(sizeof(head));
  if (checksum(body) != head.checksum)
    fail(ErrorCode::invalid_argument, "{} is damaged: its checksum is wrong", what);
  return body;
}

}  // namespace weft::engine
