// Calls in which every value differs from call to call, so that what was read too early, written
// over or taken from elsewhere is seen.
#pragma once

#include <cstdint>
#include <string>

#include "support/ranks.h"

namespace weft::testing {

// One call of a program that all ranks run alike. Elements are int64, reductions sums.
struct NumberedCall {
  int number = 0;
  Collective collective = Collective::barrier;
  int root = 0;
  std::size_t count = 0;
};

inline std::int64_t value_of(int number, int rank, std::size_t i) {
  return std::int64_t{1000003} * number + 101 * rank + static_cast<std::int64_t>(i);
}

// Elements of the larger of the two buffers.
inline std::size_t room_of(const NumberedCall& call, int ranks) {
  return call.count * static_cast<std::size_t>(ranks);
}

// `input` and `output` have that room.
inline void fill(const NumberedCall& call, int rank, int ranks, std::int64_t* input,
                 std::int64_t* output) {
  for (std::size_t i = 0; i < room_of(call, ranks); ++i) {
    input[i] = value_of(call.number, rank, i);
    output[i] = -1;
  }
}

inline Request start(Communicator& comm, const NumberedCall& call, const std::int64_t* input,
                     std::int64_t* output) {
  constexpr DataType type = DataType::i64;
  switch (call.collective) {
    case Collective::broadcast:
      return comm.broadcast_async(input, output, call.count, type, call.root);
    case Collective::reduce:
      return comm.reduce_async(input, output, call.count, type, ReduceOp::sum, call.root);
    case Collective::all_reduce:
      return comm.all_reduce_async(input, output, call.count, type, ReduceOp::sum);
    case Collective::reduce_scatter:
      return comm.reduce_scatter_async(input, output, call.count, type, ReduceOp::sum);
    case Collective::all_gather:
      return comm.all_gather_async(input, output, call.count, type);
    case Collective::barrier:
      break;
  }
  return comm.barrier_async();
}

inline void run(Communicator& comm, const NumberedCall& call, const std::int64_t* input,
                std::int64_t* output) {
  constexpr DataType type = DataType::i64;
  switch (call.collective) {
    case Collective::broadcast:
      return comm.broadcast(input, output, call.count, type, call.root);
    case Collective::reduce:
      return comm.reduce(input, output, call.count, type, ReduceOp::sum, call.root);
    case Collective::all_reduce:
      return comm.all_reduce(input, output, call.count, type, ReduceOp::sum);
    case Collective::reduce_scatter:
      return comm.reduce_scatter(input, output, call.count, type, ReduceOp::sum);
    case Collective::all_gather:
      return comm.all_gather(input, output, call.count, type);
    case Collective::barrier:
      return comm.barrier();
  }
}

// Throws where the output is not what the call gives.
inline void check(const NumberedCall& call, int rank, int ranks, const std::int64_t* output) {
  const auto sum = [&](std::size_t i) {
    std::int64_t value = 0;
    for (int other = 0; other < ranks; ++other) value += value_of(call.number, other, i);
    return value;
  };
  const auto expected = [&](std::size_t i) {
    switch (call.collective) {
      case Collective::broadcast:
        return value_of(call.number, call.root, i);
      case Collective::all_gather:
        return value_of(call.number, static_cast<int>(i / call.count), i % call.count);
      case Collective::reduce_scatter:
        return sum(call.count * static_cast<std::size_t>(rank) + i);
      default:
        return sum(i);
    }
  };
  std::size_t count = call.collective == Collective::barrier ? 0 : call.count;
  if (call.collective == Collective::all_gather) count *= static_cast<std::size_t>(ranks);
  if (call.collective == Collective::reduce && rank != call.root) count = 0;
  for (std::size_t i = 0; i < count; ++i) {
    require(output[i] == expected(i), std::string(name_of(call.collective)) + " " +
                                          std::to_string(call.number) + ", element " +
                                          std::to_string(i) + " of " + std::to_string(count));
  }
}

}  // namespace weft::testing
