// The segment: the memory of an engine that its peers write to.
//
//   the word it sleeps on | hellos | doors [number] | mailboxes [number]
//
// Who writes to which door and mailbox is agreed on by a hello: a peer does not know yet under
// which number it is known here. It leaves a hello in one of the slots, by chance; two that choose
// the same one destroy each other's, which the seal shows, and both say it again.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cpu.h"

namespace weft::engine {

struct alignas(kCacheLine) Hello {
  std::uint64_t from = 0;  // incarnations
  std::uint64_t to = 0;
  std::uint64_t number = 0;  // under which the sender knows the receiver
  std::uint64_t unused[4] = {};
  std::uint64_t seal = 0;  // of the above, written last; 0: nothing is here
};
static_assert(sizeof(Hello) == kCacheLine);

// Words of one writer each; a value names its writer, so that nothing old is taken for new.
struct alignas(kCacheLine) Door {
  std::uint64_t greeting = 0;  // answers a hello: under which number the writer knows the reader
  std::uint64_t farewell = 0;  // a Farewell
};

enum class Farewell : std::uint16_t { none, leaving, let_go };

// 16 bits behind the upper ones of an incarnation.
inline std::uint64_t signed_by(std::uint64_t incarnation, std::uint16_t what) {
  return (incarnation & ~std::uint64_t{0xffff}) | what;
}
inline bool is_signed_by(std::uint64_t value, std::uint64_t incarnation) {
  return value != 0 && (value ^ incarnation) >> 16 == 0;
}

struct SegmentLayout {
  std::size_t numbers = 0;
  std::size_t mailbox_bytes = 0;

  std::size_t hellos() const { return 16 + 2 * numbers; }
  std::size_t hello_offset(std::size_t slot) const { return kCacheLine + slot * sizeof(Hello); }
  std::size_t door_offset(std::size_t number) const {
    return hello_offset(hellos()) + number * sizeof(Door);
  }
  std::size_t mailbox_offset(std::size_t number) const {
    return door_offset(numbers) + number * mailbox_bytes;
  }
  std::size_t total() const { return mailbox_offset(numbers); }
};

}  // namespace weft::engine
