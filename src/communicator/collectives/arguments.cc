#include "communicator/collectives/arguments.h"

#include <weft/collective_traits.h>

#include <limits>

#include "base/error.h"

namespace weft {
namespace {

using executor::Call;

template <typename... Args>
[[noreturn]] void refuse(const Call& call, fmt::format_string<Args...> format, Args&&... args) {
  fail(ErrorCode::invalid_argument, "{}: {}", name_of(call.collective),
       fmt::format(format, std::forward<Args>(args)...));
}

void check_names(const Call& call, int ranks) {
  if (size_of(call.type) == 0) refuse(call, "unknown data type {}", static_cast<int>(call.type));
  if (static_cast<int>(call.op) >= kReduceOps)
    refuse(call, "unknown reduction operator {}", static_cast<int>(call.op));
  if (traits_of(call.collective).rooted() && (call.root < 0 || call.root >= ranks)) {
    refuse(call, "root {} is not one of the ranks 0 to {}", call.root, ranks - 1);
  }
}

void check_count(const Call& call, int ranks) {
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max() / 4;
  if (call.count > kMost / size_of(call.type) / static_cast<std::size_t>(ranks)) {
    refuse(call, "{} elements of {} on {} ranks overflow", call.count, name_of(call.type), ranks);
  }
}

bool overlap(const std::byte* a, std::size_t a_bytes, const std::byte* b, std::size_t b_bytes) {
  return a < b + b_bytes && b < a + a_bytes;
}

void check_overlap(const Call& call, int rank, const std::byte* input, const std::byte* output,
                   const BufferBytes& bytes) {
  const CollectiveTraits& traits = traits_of(call.collective);
  const std::size_t block = traits.own_block_offset(call.count, rank) * size_of(call.type);
  const bool scatters = traits.output == Holding::own_block;
  const bool gathers = traits.input == Holding::own_block;
  const bool in_place = input + (scatters ? block : 0) == output + (gathers ? block : 0);
  if (!in_place && overlap(input, bytes.input, output, bytes.output)) {
    refuse(call, "input and output overlap, and not as in-place operation allows{}",
           scatters  ? " (output == input + rank * count)"
           : gathers ? " (input == output + rank * count)"
                     : " (input == output)");
  }
}

}  // namespace

BufferBytes buffer_bytes(const Call& call, int ranks) {
  const CollectiveTraits& traits = traits_of(call.collective);
  const std::size_t element = size_of(call.type);
  return {traits.input_elements(call.count, ranks) * element,
          traits.output_elements(call.count, ranks) * element};
}

void check_arguments(const Call& call, int rank, int ranks, const void* input, const void* output) {
  check_names(call, ranks);
  check_count(call, ranks);
  const CollectiveTraits& traits = traits_of(call.collective);
  if (call.count == 0 || !traits.moves_data()) return;
  const bool reads = traits.reads(rank, call.root);
  const bool writes = traits.writes(rank, call.root);
  if (reads && input == nullptr) refuse(call, "input is null");
  if (writes && output == nullptr) refuse(call, "output is null");
  if (!reads || !writes) return;
  check_overlap(call, rank, static_cast<const std::byte*>(input),
                static_cast<const std::byte*>(output), buffer_bytes(call, ranks));
}

}  // namespace weft
