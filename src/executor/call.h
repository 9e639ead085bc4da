// The name of an operation: what was called. Peers compare it, messages print it.
#pragma once

#include <weft/collective.h>
#include <weft/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace weft::executor {

// What an all-reduce does beside adding up.
enum class Extra : std::uint8_t { none, rms_norm, int8, fp8_e4m3 };

struct Call {
  Collective collective = Collective::barrier;
  DataType type = DataType::u8;
  ReduceOp op = ReduceOp::sum;
  int root = 0;
  std::size_t count = 0;
  bool internal = false;      // weft's own exchange while something is set up
  Extra extra = Extra::none;  // rms_norm: `count` is rows
  // 0: equal parts. Else the digest of the table of parts (schedule::digest_of), and `count` is the
  // elements of all of them.
  std::uint64_t parts = 0;

  // Everything but the count and the parts, in 64 bits.
  std::uint64_t packed() const {
    return static_cast<std::uint64_t>(collective) | static_cast<std::uint64_t>(type) << 8 |
           static_cast<std::uint64_t>(op) << 16 | static_cast<std::uint64_t>(internal) << 24 |
           static_cast<std::uint64_t>(extra) << 25 |
           static_cast<std::uint64_t>(static_cast<std::uint32_t>(root)) << 32;
  }
  static Call unpack(std::uint64_t packed, std::size_t count, std::uint64_t parts);
  friend bool operator==(const Call&, const Call&) = default;

  // 16 bits that differ, most likely, between two different calls; part of every signal of the
  // operation.
  std::uint64_t signature() const {
    const std::uint64_t mixed = (packed() * 0x9E3779B97F4A7C15u) ^ (count * 0xC2B2AE3D27D4EB4Fu) ^
                                (parts * 0x165667B19E3779F9u);
    return (mixed ^ mixed >> 29 ^ mixed >> 47) & 0xFFFFu;
  }

  // "all_reduce f32 sum, 1024 elements", "all_reduce f32 sum with rms_norm, 8 rows".
  std::string describe() const;
};

}  // namespace weft::executor
