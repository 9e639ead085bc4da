// Feeds arbitrary bytes to what reads the TCP start-up: frames, and the job that a hello names.
#include "bootstrap/frame.h"
#include "bootstrap/job.h"

#include <weft/error.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/target.h"

namespace {

using weft::bootstrap::Frame;
using weft::bootstrap::FrameKind;
using weft::bootstrap::FrameReader;
using weft::fuzz::require;

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

// What a rank says of its job is read as it was written, or is an error.
void check_job(std::span<const std::byte> payload) {
  try {
    const auto job = weft::bootstrap::unpack_job(payload, 2);
    const weft::Blob again = pack(job);
    require(again.size() == payload.size(), "the job has another length");
    require(pack(weft::bootstrap::unpack_job(again, 2)) == again, "the job is another one");
    require(!job.in_words().empty(), "a job without words");
  } catch (const weft::Error& error) {
    require(error.code() == weft::ErrorCode::bootstrap, "another error");
  }
}

}  // namespace

// Random bytes, or frames of which some bytes are changed, cut off or repeated.
weft::fuzz::Input weft::fuzz::next_input(Random& random) {
  Input input{random.byte()};
  if (random.only_bytes(input, 200)) return input;
  weft::Blob frames;
  for (std::size_t left = 1 + random.below(4); left > 0; --left) {
    weft::Blob payload(random.below(320), std::byte{random.byte()});
    if (random.below(3) == 0)
      payload = pack(weft::bootstrap::Job{{"night", "WEFT_JOB", true}, random.word(), 2});
    append_frame(frames, static_cast<FrameKind>(1 + random.below(5)), random.word(), random.word(),
                 payload);
  }
  for (const std::byte b : frames) input.push_back(std::to_integer<unsigned char>(b));
  random.damage(input);
  return input;
}

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
    check_job(frame.payload);
    append_frame(written, frame.kind, frame.rank, frame.number, frame.payload);
  }
  require(
      written.size() <= stream.size() && std::equal(written.begin(), written.end(), stream.begin()),
      "frames differ from the bytes that were read");
  return 0;
}
