// What the tests of plans for decoding share.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>
#include <string>

#include "support/ranks.h"
#include "support/reference.h"

namespace weft::testing {

// The element types that decoding takes.
inline constexpr DataType kDecodeTypes[] = {DataType::f32, DataType::f16, DataType::bf16};

// Private memory, or allocated for all ranks to map.
class Tensor {
 public:
  Tensor(Communicator& comm, std::size_t bytes, bool allocated) : bytes_(bytes) {
    if (allocated) {
      buffer_ = comm.allocate(bytes);
    } else {
      memory_.resize(bytes);
    }
  }
  std::byte* data() { return buffer_.data() != nullptr ? buffer_.as<std::byte>() : memory_.data(); }
  void set(const Bytes& bytes) { std::memcpy(data(), bytes.data(), bytes.size()); }
  void fill(std::byte value) { std::memset(data(), static_cast<int>(value), bytes_); }
  Bytes get(std::size_t bytes) { return Bytes(data(), data() + bytes); }

 private:
  std::size_t bytes_;
  Buffer buffer_;
  Bytes memory_;
};

// Collective.
inline void require_same_everywhere(Communicator& comm, const Bytes& bytes,
                                    const std::string& what) {
  Bytes all(bytes.size() * static_cast<std::size_t>(comm.size()));
  comm.all_gather(bytes.data(), all.data(), bytes.size(), DataType::u8);
  for (std::size_t i = 0; i < all.size(); ++i) {
    require(all[i] == bytes[i % bytes.size()], what + ": other bits at another rank");
  }
}

inline void run_for(std::initializer_list<int> rank_counts, const Body& body,
                    const Options& options = {}) {
  for (const int ranks : rank_counts) {
    EXPECT_EQ(run_processes(ranks, options, body), 0) << ranks << " ranks";
  }
}

}  // namespace weft::testing
