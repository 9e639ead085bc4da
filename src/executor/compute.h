// What copies and reductions do with one block: which kernel, and how its results are stored.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/float_environment.h"
#include "executor/frame.h"

namespace weft::executor {

using schedule::kMaxDestinations;
using schedule::kMaxSources;

// Where a block is written: through the caches, and past them.
struct Written {
  void* cached[kMaxDestinations];
  void* streamed[kMaxDestinations];
  int cached_count = 0;
  int streamed_count = 0;
};

// A slot of a peer whose core is far: ordinary stores wait there for each line to come back from
// the peer's caches, which have read it; stores past the caches do not.
bool is_far(const auto& frame, const Place& place, std::size_t bytes) {
  // Cores that share a cache: 10 to 40 ns, by this measure. Cores that do not: 100 to 150.
  constexpr std::int64_t kFarNs = 70;
  return place.signal[0] != nullptr && place.kind == Place::Kind::slot &&
         frame.distances->line_ns(place.rank, bytes) > kFarNs;
}

[[gnu::always_inline]] inline Written written_by(const auto& frame, const Place* begin,
                                                 const Place* end, std::size_t i,
                                                 std::size_t bytes) {
  // Below, a stream past the caches takes longer to begin than it saves.
  constexpr std::size_t kLeastStream = 2 << 10;
  Written written;
  for (const Place* place = begin; place != end; ++place) {
    const bool past = bytes >= kLeastStream &&
                      (place->is_output() ? frame.launch.streaming : is_far(frame, *place, bytes));
    void* address = frame.address(*place, i);
    if (past) {
      written.streamed[written.streamed_count++] = address;
    } else {
      written.cached[written.cached_count++] = address;
    }
  }
  return written;
}

void run_epilogue(const auto& frame, const Instruction& code, const Place* places,
                  const void* const* read, std::size_t i, std::size_t bytes) {
  void* written[kMaxDestinations];
  int ranks[kMaxDestinations];
  for (int d = 0; d < code.written; ++d) {
    written[d] = frame.address(places[d], i);
    ranks[d] = places[d].rank;
  }
  const std::size_t offset =
      frame.launch.partition.offset(static_cast<std::size_t>(code.block) + i, frame.lane->chunk);
  frame.launch.epilogue.run(frame.launch.epilogue.context,
                            {written, ranks, code.written, read, code.read, offset, bytes});
}

// Both ways at once: what is stored past the caches is a copy of what is in them.
[[gnu::noinline]] inline void reduce_both_ways(const Launch& launch, const Written& written,
                                               const void* const* read, int count,
                                               std::size_t bytes, int divisor) {
  constexpr std::size_t kPiece = 32 << 10;
  const std::size_t step = std::max<std::size_t>(kPiece / launch.unit_bytes, 1) * launch.unit_bytes;
  void* cached[kMaxDestinations];
  void* streamed[kMaxDestinations];
  const void* sources[kMaxSources];
  for (std::size_t at = 0; at < bytes; at += step) {
    for (int d = 0; d < written.cached_count; ++d)
      cached[d] = static_cast<std::byte*>(written.cached[d]) + at;
    for (int d = 0; d < written.streamed_count; ++d)
      streamed[d] = static_cast<std::byte*>(written.streamed[d]) + at;
    for (int s = 0; s < count; ++s) sources[s] = static_cast<const std::byte*>(read[s]) + at;
    const std::size_t piece = std::min(step, bytes - at);
    launch.kernel(cached, written.cached_count, sources, count, piece >> launch.element_shift,
                  divisor, reduce::Store::cached);
    reduce::copy(streamed, written.streamed_count, cached[0], piece, reduce::Store::streaming);
  }
}

void reduce_block(const auto& frame, const Instruction& code, const Place* places,
                  const Written& written, std::size_t i, std::size_t bytes) {
  const Launch& launch = frame.launch;
  const Place* sources = places + code.written + code.sent;
  const FloatEnvironment environment;
  const void* read[kMaxSources];
  for (int s = 0; s < code.read; ++s) read[s] = frame.address(sources[s], i);
  if (code.final && launch.epilogue.run != nullptr)
    return run_epilogue(frame, code, places, read, i, bytes);
  const int divisor = code.final ? launch.divisor : 1;
  const bool partial = code.partial_reads != 0 || code.partial_result;
  if (partial && launch.partial_kernel != nullptr) {
    // These have one way to store.
    void* all[kMaxDestinations];
    int count = 0;
    for (int d = 0; d < written.cached_count; ++d) all[count++] = written.cached[d];
    for (int d = 0; d < written.streamed_count; ++d) all[count++] = written.streamed[d];
    launch.partial_kernel(all, count, read, code.read, bytes >> launch.element_shift, divisor,
                          {code.partial_reads, code.partial_result});
  } else if (written.streamed_count == 0) [[likely]] {
    launch.kernel(written.cached, written.cached_count, read, code.read,
                  bytes >> launch.element_shift, divisor, reduce::Store::cached);
  } else if (written.cached_count == 0) {
    launch.kernel(written.streamed, written.streamed_count, read, code.read,
                  bytes >> launch.element_shift, divisor, reduce::Store::streaming);
  } else {
    reduce_both_ways(launch, written, read, code.read, bytes, divisor);
  }
}

// What of a step's written places a computation is for.
struct Range {
  int begin;
  int end;
};

// Computes block i of a step into what it writes by address, or for what it only sends.
[[gnu::always_inline]] inline void compute_block(const auto& frame, const Instruction& code,
                                                 const Place* places, Range range, std::size_t i,
                                                 std::size_t bytes) {
  Written written = written_by(frame, places + range.begin, places + range.end, i, bytes);
  if (code.written == 0) {
    if (code.kind == StepKind::copy) return;
    written.cached[written.cached_count++] = frame.program.temporary;
  }
  const bool partial = code.partial_reads != 0;
  const bool widens = partial != code.partial_result && frame.launch.partial_shift > 0;
  if (code.kind == StepKind::reduce || widens)
    return reduce_block(frame, code, places, written, i, bytes);
  const std::byte* source = frame.address(places[code.written + code.sent], i);
  const std::size_t copied = frame.widened(bytes, partial);
  if (written.streamed_count == 0) [[likely]]
    return reduce::copy(written.cached, written.cached_count, source, copied,
                        reduce::Store::cached);
  const auto list = [](void* const* all, int count) {
    return std::span(all, static_cast<std::size_t>(count));
  };
  reduce::copy(list(written.cached, written.cached_count),
               list(written.streamed, written.streamed_count), source, copied);
}

}  // namespace weft::executor
