// Feeds arbitrary bytes to the frame parser of the TCP start-up. With libFuzzer:
//   clang++ -std=c++20 -g -fsanitize=fuzzer,address,undefined -DFMT_HEADER_ONLY=1 -Iinclude -Isrc
//     tests/fuzz/frame_fuzz.cc src/bootstrap/frame.cc src/base/error.cc -o frame_fuzz
// tests/fuzz/driver.cc runs it without.
#include "bootstrap/frame.h"

#include <weft/error.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using weft::bootstrap::Frame;
using weft::bootstrap::FrameReader;

constexpr std::size_t kMaxPayload = 300;

struct Outcome {
  std::vector<Frame> frames;
  std::string error;  // empty: the stream is good so far
};

Outcome read_in_chunks(std::span<const std::byte> stream, std::size_t chunk) {
  Outcome outcome;
  FrameReader reader(kMaxPayload);
  try {
    while (!stream.empty()) {
      const auto part = stream.first(std::min(chunk, stream.size()));
      stream = stream.subspan(part.size());
      reader.feed(part);
      while (auto frame = reader.next()) outcome.frames.push_back(std::move(*frame));
    }
  } catch (const weft::Error& error) {
    outcome.error = error.what();
    if (error.code() != weft::ErrorCode::bootstrap || outcome.error.empty()) std::abort();
  }
  return outcome;
}

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "frame_fuzz: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t chunk = 1 + data[0];
  const auto stream = std::as_bytes(std::span(data, size)).subspan(1);
  const Outcome whole = read_in_chunks(stream, stream.size());
  const Outcome parts = read_in_chunks(stream, chunk);
  require(whole.frames.size() == parts.frames.size(), "frames depend on how the bytes arrive");
  require(whole.error.empty() == parts.error.empty(), "errors depend on how the bytes arrive");
  // Written again, the frames are the very bytes that were read.
  weft::Blob written;
  for (const Frame& frame : parts.frames) {
    require(frame.payload.size() <= kMaxPayload, "a payload above the limit");
    append_frame(written, frame.kind, frame.rank, frame.number, frame.payload);
  }
  require(
      written.size() <= stream.size() && std::equal(written.begin(), written.end(), stream.begin()),
      "frames differ from the bytes that were read");
  return 0;
}
