// What UCX transports of a job tell each other. Plain bytes, of one byte order: ranks of a job run
// on machines of one kind.
#pragma once

#include <cstdint>

namespace weft::ucx {

inline constexpr std::uint32_t kMagic = 0x31587577;  // "wuX1"

// Comes before the worker's own address.
struct AddressHead {
  std::uint32_t magic = kMagic;
  std::uint32_t rank = 0;
  std::uint64_t cookie = 0;  // tells this transport from others of the same rank
};

// A memory key's bytes.
struct Key {
  std::uint32_t magic = kMagic;
  std::uint32_t memory = 0;
  std::uint32_t generation = 0;
  std::uint32_t unused = 0;
  std::uint64_t bytes = 0;
};

// A place in a memory of the receiver, so that it can be checked.
struct Spot {
  std::uint32_t memory = 0;
  std::uint32_t generation = 0;
  std::uint64_t offset = 0;
};

enum class Kind : std::uint16_t {
  hello,    // the sender has connected
  bye,      // it closes
  put,      // bytes, a signal, or both
  request,  // of a get: `target` is what to read, `value` how much
  answer,   // to a get
};

// The header of every active message; a put's bytes and an answer's are its data.
struct Header {
  std::uint64_t cookie = 0;  // of the sender
  std::uint32_t rank = 0;    // likewise
  Kind kind = Kind::hello;
  std::uint8_t signal = 0;  // transport::SignalOp
  std::uint8_t padding = 0;
  std::uint32_t number = 0;  // of a put, from 0 on for each pair: the order of its signal
  std::uint32_t token = 0;   // of a get
  Spot target;
  Spot word;  // that the signal changes
  std::uint64_t value = 0;
};
static_assert(sizeof(Header) == 64);

}  // namespace weft::ucx
