// Where the tokens of one rank go, and where what comes back for them lies: the sender's side of a
// dispatch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "p2p/moe/moe_shape.h"

namespace weft::p2p {

class MoeRouting {
 public:
  explicit MoeRouting(const MoeShape& shape);

  // Throws Error(invalid_argument) for the first id that is neither -1 nor an expert.
  void check(const std::int32_t* ids, int count) const;
  // Routes `count` tokens, which were checked. Ranks that are not live get none. Allocates nothing.
  void route(const std::int32_t* ids, int count, const std::vector<char>& live);

  // Of the last route().
  int tokens() const { return count_; }
  // What a rank gets: the list as moe_shape.h has it, for so many tokens.
  int tokens_to(int rank) const { return to_[static_cast<std::size_t>(rank)]; }
  std::span<const std::int32_t> list_to(int rank) const;
  // The index of the i-th token that a rank gets.
  std::int32_t token_to(int rank, int i) const;

  // Choice k of a token. Outputs lie in the order of expert, token and k.
  struct Choice {
    std::int32_t expert = -1;
    std::int32_t home = -1;    // its rank; -1: no expert
    std::int32_t output = -1;  // which output; -1: its rank was not live
  };
  const Choice& choice(int token, int k) const {
    return choices_[static_cast<std::size_t>(token) * static_cast<std::size_t>(shape_.top_k) +
                    static_cast<std::size_t>(k)];
  }
  // The first output of an expert.
  std::int32_t first_output(int expert) const { return first_[static_cast<std::size_t>(expert)]; }

 private:
  std::int32_t* list(int rank);
  std::int32_t* record(int rank, int token);
  void list_tokens(const std::int32_t* ids, const std::vector<char>& live);
  void place_outputs();

  const MoeShape shape_;
  const std::size_t list_words_;     // the room of each list
  std::vector<std::int32_t> homes_;  // by expert
  int count_ = 0;
  std::vector<int> to_;              // tokens, by rank
  std::vector<std::int32_t> lists_;  // by rank
  std::vector<Choice> choices_;
  std::vector<std::int32_t> first_;  // by expert, and the end
  std::vector<std::int32_t> next_;
};

}  // namespace weft::p2p
