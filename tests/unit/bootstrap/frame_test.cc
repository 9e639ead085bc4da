#include "bootstrap/frame.h"

#include "ranks.h"

namespace weft::bootstrap {
namespace {

Blob bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return Blob(bytes.begin(), bytes.end());
}

Blob hello_frame() {
  Blob bytes;
  append_frame(bytes, FrameKind::hello, 3, 8);
  return bytes;
}

std::optional<Error> error_of(const Blob& stream, std::size_t max_payload = kMaxPayload) {
  return thrown_by([&] {
    FrameReader reader(max_payload);
    reader.feed(stream);
    while (reader.next()) {
    }
  });
}

TEST(Frame, what_is_written_is_read_back) {
  Blob stream = hello_frame();
  append_frame(stream, FrameKind::blob, 0xfffffffe, 0x01020304, bytes_of("payload"));
  FrameReader reader(kMaxPayload);
  reader.feed(stream);
  const auto hello = reader.next();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->kind, FrameKind::hello);
  EXPECT_EQ(hello->rank, 3u);
  EXPECT_EQ(hello->number, 8u);
  EXPECT_TRUE(hello->payload.empty());
  EXPECT_FALSE(reader.empty());
  const auto blob = reader.next();
  ASSERT_TRUE(blob);
  EXPECT_EQ(blob->kind, FrameKind::blob);
  EXPECT_EQ(blob->rank, 0xfffffffeu);
  EXPECT_EQ(blob->number, 0x01020304u);
  EXPECT_EQ(blob->payload, bytes_of("payload"));
  EXPECT_TRUE(reader.empty());
  EXPECT_FALSE(reader.next());
}

TEST(Frame, the_bytes_are_the_same_on_every_machine) {
  Blob bytes;
  append_frame(bytes, FrameKind::blob, 2, 0x0a0b, bytes_of("x"));
  EXPECT_EQ(bytes, bytes_of(std::string_view("WEFT\2\0\3\0\2\0\0\0\x0b\x0a\0\0\1\0\0\0x", 21)));
}

TEST(Frame, bytes_may_come_one_at_a_time) {
  Blob stream;
  append_frame(stream, FrameKind::blob, 1, 2, bytes_of("abc"));
  FrameReader reader(kMaxPayload);
  for (std::size_t i = 0; i + 1 < stream.size(); ++i) {
    reader.feed(std::span(stream).subspan(i, 1));
    EXPECT_FALSE(reader.next());
  }
  reader.feed(std::span(stream).last(1));
  EXPECT_TRUE(reader.next());
}

TEST(Frame, a_stranger_is_known_by_its_first_byte) {
  expect_error(error_of(bytes_of("G")), ErrorCode::bootstrap, "it starts with \"G\"");
  expect_error(error_of(bytes_of("GET / HTTP/1.0\r\n")), ErrorCode::bootstrap, "\"GET / HT\"");
  expect_error(error_of(bytes_of("WE\x16\x03")), ErrorCode::bootstrap, "\"WE\\x16\\x03\"");
}

TEST(Frame, another_version_is_named) {
  Blob stream = hello_frame();
  stream[4] = std::byte{9};
  stream.resize(6);
  expect_error(error_of(stream), ErrorCode::bootstrap, "version 9, not 2");
}

TEST(Frame, an_unknown_kind_is_an_error) {
  for (const auto kind : {0, 5, 255}) {
    Blob stream = hello_frame();
    stream[6] = static_cast<std::byte>(kind);
    expect_error(error_of(stream), ErrorCode::bootstrap, fmt::format("kind {}", kind));
  }
}

TEST(Frame, a_length_above_the_limit_is_an_error_before_the_bytes_come) {
  Blob stream = hello_frame();
  stream[16] = std::byte{1};
  expect_error(error_of(stream, 0), ErrorCode::bootstrap, "a frame of 1 bytes, at most 0");
  stream[19] = std::byte{0xff};
  expect_error(error_of(stream), ErrorCode::bootstrap, "a frame of 4278190081 bytes");
}

}  // namespace
}  // namespace weft::bootstrap
