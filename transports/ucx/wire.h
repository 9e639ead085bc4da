// What UCX transports of a job tell each other. Plain bytes, of one byte order: ranks of a job run
// on machines of one kind.
#pragma once

#include <weft/transport.h>

#include <cstdint>

namespace weft::ucx {

inline constexpr std::uint32_t kMagic = 0x33587577;  // "wuX3"

// Comes before the worker's own address.
struct AddressHead {
  std::uint32_t magic = kMagic;
  std::uint32_t bytes = 0;   // of the worker's address, in which UCP trusts
  std::uint64_t cookie = 0;  // tells this transport from all others
  transport::JobIdentity job;
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
  hello,    // the sender has connected, or has heard of the receiver's connection
  leave,    // it has ended its own
  bye,      // it closes
  put,      // bytes, a signal, or both
  request,  // of a get: `target` is what to read, `value` how much
  answer,   // to a get
};

// The header of every active message; a put's bytes and an answer's are its data. A greeting
// (hello, leave, bye) tells who the sender is: its cookie in `link`, its own number for the
// receiver in `sender`, its connection in `value`, in `target.offset` the receiver's as far as it
// has heard of it, else 0, and in `token` whether it closes its endpoint.
struct Header {
  std::uint64_t link = 0;    // what both ends make of their cookies and connections
  std::uint32_t sender = 0;  // the receiver's number for the sender
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

// One end's part in a link: the parts of both ends, combined by xor, tell a link from all others,
// earlier ones of the same two transports among them (the finalizer of splitmix64).
inline std::uint64_t link_part(std::uint64_t cookie, std::uint64_t connection) {
  std::uint64_t x = cookie + connection * 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace weft::ucx
