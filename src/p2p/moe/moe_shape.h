// What ranks agree on before tokens travel to experts, and where everything lies in each one's
// memory.
//
// A rank's memory, written by the others (not by itself):
//
//   words | lists [parity][source] | tokens [parity][source] | outputs
//
// A dispatch uses the half of its epoch's parity; outputs have one place. Why nothing is
// overwritten that is still read, for any two ranks s (source) and r (where the expert is):
//
// - s starts dispatch e+2 after it finished dispatch e+1, so after r's word of e+1 came. r sends
// that
//   when it starts dispatch e+1, so when its user is done with what arrived in e. The same holds of
//   s's word and list of e.
// - r sends outputs of e+1 to s after s's word of e+1 came. s sends that when it starts dispatch
//   e+1, so after it finished combine e and has read all outputs of e; whoever had any for it in e
//   had sent them by then, since combine waits for those.
//
// A rank that is excluded takes no part in this: it is gone, and its words are not looked at.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cpu.h"

namespace weft::p2p {

struct MoeShape {
  int rank = 0;
  int ranks = 1;
  int experts = 0;
  int top_k = 0;
  int max_tokens = 0;
  std::size_t token_bytes = 0;   // of what is dispatched
  std::size_t output_bytes = 0;  // of an expert's output for a token

  int local_experts() const { return experts / ranks; }
  int home(int expert) const { return expert / local_experts(); }
  std::size_t max_choices() const {
    return static_cast<std::size_t>(max_tokens) * static_cast<std::size_t>(top_k);
  }
  // A list begins with the place, among the outputs of its sender, where those of this rank go.
  // A record for each token follows: its index at the sender and, for each k, the local expert or
  // -1.
  static constexpr std::size_t kListHead = 1;
  std::size_t record() const { return 1 + static_cast<std::size_t>(top_k); }
  std::size_t list_bytes(int tokens) const {
    return (kListHead + record() * static_cast<std::size_t>(tokens)) * sizeof(std::int32_t);
  }
};

// A dispatch's word: the epoch, and how many tokens came.
struct MoeWord {
  static constexpr int kCountBits = 20;
  static constexpr int kMaxCount = (1 << kCountBits) - 1;

  static std::uint64_t pack(std::uint64_t epoch, int count) {
    return epoch << kCountBits | static_cast<std::uint64_t>(count);
  }
  static int count(std::uint64_t word) { return static_cast<int>(word & kMaxCount); }
};

// Offsets into a rank's memory, from 64-byte lines on.
class MoeLayout {
 public:
  explicit MoeLayout(const MoeShape& shape)
      : ranks_(static_cast<std::size_t>(shape.ranks)),
        list_(lines(shape.list_bytes(shape.max_tokens))),
        tokens_(lines(shape.token_bytes * static_cast<std::size_t>(shape.max_tokens))),
        lists_at_(3 * ranks_ * kCacheLine),
        tokens_at_(lists_at_ + 2 * (ranks_ - 1) * list_),
        outputs_at_(tokens_at_ + 2 * (ranks_ - 1) * tokens_),
        total_(outputs_at_ + (ranks_ > 1 ? shape.max_choices() * shape.output_bytes : 0)) {}

  // The word that says that a source's tokens are there, and the one that its outputs are.
  std::size_t dispatched(unsigned parity, int source) const {
    return (parity * ranks_ + static_cast<std::size_t>(source)) * kCacheLine;
  }
  std::size_t combined(int source) const {
    return (2 * ranks_ + static_cast<std::size_t>(source)) * kCacheLine;
  }
  // Of `source`, in the memory of another rank `at`.
  std::size_t list(unsigned parity, int at, int source) const {
    return lists_at_ + place(parity, at, source) * list_;
  }
  std::size_t tokens(unsigned parity, int at, int source) const {
    return tokens_at_ + place(parity, at, source) * tokens_;
  }
  std::size_t outputs() const { return outputs_at_; }
  std::size_t total() const { return total_; }

 private:
  static std::size_t lines(std::size_t bytes) {
    return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
  }
  std::size_t place(unsigned parity, int at, int source) const {
    return parity * (ranks_ - 1) + static_cast<std::size_t>(source < at ? source : source - 1);
  }

  std::size_t ranks_, list_, tokens_, lists_at_, tokens_at_, outputs_at_, total_;
};

}  // namespace weft::p2p
