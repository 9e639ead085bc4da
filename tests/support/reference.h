// Inputs whose reductions are exact in every element type, and what each collective must make of
// them.
#pragma once

#include <weft/collective.h>
#include <weft/types.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "unit/reduce/oracle.h"

namespace weft::testing {

using Bytes = std::vector<std::byte>;

// Element i of rank r's input: small integers; for products ones and twos.
inline double input_value(ReduceOp op, int rank, std::size_t i) {
  const auto mixed = i * 7 + static_cast<std::size_t>(rank) * 3 + i / 5;
  return op == ReduceOp::prod ? static_cast<double>(1 + mixed % 2) : static_cast<double>(mixed % 5);
}

// Elements of a type, from values.
template <typename ValueAt>
Bytes encode(DataType type, std::size_t count, ValueAt value_at) {
  Bytes bytes(count * size_of(type));
  test::with_type(type, [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t i = 0; i < count; ++i) {
      T element;
      if constexpr (test::kIsHalf<T>) {
        element = T::nearest(value_at(i));
      } else if constexpr (std::is_floating_point_v<T>) {
        element = static_cast<T>(value_at(i));
      } else {
        element = static_cast<T>(static_cast<long long>(value_at(i)));
      }
      std::memcpy(bytes.data() + i * sizeof(T), &element, sizeof(T));
    }
  });
  return bytes;
}

inline double reduced_value(ReduceOp op, int ranks, std::size_t i) {
  double result = input_value(op, 0, i);
  for (int rank = 1; rank < ranks; ++rank) {
    const double value = input_value(op, rank, i);
    if (op == ReduceOp::min) {
      result = std::min(result, value);
    } else if (op == ReduceOp::max) {
      result = std::max(result, value);
    } else if (op == ReduceOp::prod) {
      result *= value;
    } else {
      result += value;
    }
  }
  return op == ReduceOp::avg ? result / ranks : result;
}

// A collective's case: what rank `rank` gives and must get.
struct Case {
  Collective collective = Collective::all_reduce;
  DataType type = DataType::f32;
  ReduceOp op = ReduceOp::sum;
  int root = 0;
  std::size_t count = 0;
};

inline Bytes input_of(const Case& c, int rank, int ranks) {
  const std::size_t elements = c.collective == Collective::reduce_scatter
                                   ? c.count * static_cast<std::size_t>(ranks)
                                   : c.count;
  return encode(c.type, elements, [&](std::size_t i) { return input_value(c.op, rank, i); });
}

// What the output holds afterwards; empty where this rank's output is not written.
inline Bytes expected_of(const Case& c, int rank, int ranks) {
  const auto first = static_cast<std::size_t>(rank) * c.count;
  switch (c.collective) {
    case Collective::all_reduce:
      return encode(c.type, c.count, [&](std::size_t i) { return reduced_value(c.op, ranks, i); });
    case Collective::reduce_scatter:
      return encode(c.type, c.count,
                    [&](std::size_t i) { return reduced_value(c.op, ranks, first + i); });
    case Collective::all_gather:
      return encode(c.type, c.count * static_cast<std::size_t>(ranks), [&](std::size_t i) {
        return input_value(c.op, static_cast<int>(i / c.count), i % c.count);
      });
    case Collective::broadcast:
      return encode(c.type, c.count, [&](std::size_t i) { return input_value(c.op, c.root, i); });
    case Collective::reduce:
      if (rank != c.root) return {};
      return encode(c.type, c.count, [&](std::size_t i) { return reduced_value(c.op, ranks, i); });
    case Collective::barrier:
      return {};
  }
  return {};
}

}  // namespace weft::testing
