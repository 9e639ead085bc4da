// Feeds arbitrary bytes to what reads an engine's address and the keys of its memory and pages: as
// they are, and behind a checksum that is right.
#include "engine/address.h"

#include <weft/error.h>

#include "engine/sealed.h"
#include "fuzz/target.h"

namespace {

using weft::Blob;
using weft::engine::Content;
using weft::fuzz::require;

Blob rewritten(Content content, std::span<const std::byte> bytes) {
  switch (content) {
    case Content::address:
      return weft::engine::pack(weft::engine::unpack_address(bytes));
    case Content::memory:
      return weft::engine::pack(weft::engine::unpack_memory(bytes));
    case Content::pages:
      break;
  }
  return weft::engine::pack(weft::engine::unpack_pages(bytes));
}

// What is read is what was written, or an error that says what is wrong.
void check(Content content, std::span<const std::byte> bytes) {
  try {
    const Blob again = rewritten(content, bytes);
    require(rewritten(content, again) == again, "what was read is not what was written");
  } catch (const weft::Error& error) {
    const bool expected = error.code() == weft::ErrorCode::invalid_argument ||
                          error.code() == weft::ErrorCode::mismatch;
    require(expected && error.what()[0] != '\0', "another error");
  }
}

Blob example(Content content) {
  const weft::engine::NamedKey key{"shm", {}};
  const auto shape = weft::p2p::shape_of({.page_bytes = 64, .pages = 3, .layers = 2});
  const weft::engine::MemoryOffer memory{1, shape.bytes, {key, key}};
  if (content == Content::address)
    return pack(weft::engine::Address{"name", 1, 2, 3, 4096, {{"shm", 100, Blob(40)}}, {key}});
  return content == Content::memory ? pack(memory) : pack(weft::engine::PagesOffer{memory, shape});
}

constexpr std::size_t kHead = 24;  // of what is sealed

}  // namespace

// Which of the three, and a body: random, or a good one with some bytes changed or cut off.
weft::fuzz::Input weft::fuzz::next_input(Random& random) {
  Input input{random.byte()};
  if (random.only_bytes(input, 200)) return input;
  const Blob whole = example(static_cast<Content>(1 + input[0] % 3));
  for (const std::byte b : std::span(whole).subspan(input[0] % 2 == 0 ? kHead : 0))
    input.push_back(std::to_integer<unsigned char>(b));
  random.damage(input);
  return input;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const auto content = static_cast<Content>(1 + data[0] % 3);
  const auto body = std::as_bytes(std::span(data, size)).subspan(1);
  check(content, body);
  check(content, weft::engine::seal(content, {body.begin(), body.end()}));
  return 0;
}
