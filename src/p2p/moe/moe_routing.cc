#include "p2p/moe/moe_routing.h"

#include <algorithm>

#include "base/error.h"

namespace weft::p2p {

MoeRouting::MoeRouting(const MoeShape& shape)
    : shape_(shape),
      list_words_(shape.list_bytes(shape.max_tokens) / sizeof(std::int32_t)),
      to_(static_cast<std::size_t>(shape.ranks)),
      lists_(static_cast<std::size_t>(shape.ranks) * list_words_),
      choices_(shape.max_choices()),
      first_(static_cast<std::size_t>(shape.experts) + 1),
      next_(static_cast<std::size_t>(shape.experts)) {
  for (int expert = 0; expert < shape.experts; ++expert) homes_.push_back(shape.home(expert));
}

void MoeRouting::check(const std::int32_t* ids, int count) const {
  const std::size_t choices =
      static_cast<std::size_t>(count) * static_cast<std::size_t>(shape_.top_k);
  const auto bad = std::find_if(ids, ids + choices,
                                [&](std::int32_t id) { return id < -1 || id >= shape_.experts; });
  if (bad == ids + choices) return;
  fail(ErrorCode::invalid_argument, "dispatch_start: token {}, k {}: expert {} of {}",
       (bad - ids) / shape_.top_k, (bad - ids) % shape_.top_k, *bad, shape_.experts);
}

std::int32_t* MoeRouting::list(int rank) {
  return lists_.data() + list_words_ * static_cast<std::size_t>(rank);
}

std::span<const std::int32_t> MoeRouting::list_to(int rank) const {
  return {const_cast<MoeRouting*>(this)->list(rank),
          shape_.list_bytes(tokens_to(rank)) / sizeof(std::int32_t)};
}

std::int32_t MoeRouting::token_to(int rank, int i) const {
  return list_to(rank)[MoeShape::kListHead + shape_.record() * static_cast<std::size_t>(i)];
}

// The record of a token in a rank's list; a new one unless the last is this token's.
std::int32_t* MoeRouting::record(int rank, int token) {
  int& tokens = to_[static_cast<std::size_t>(rank)];
  std::int32_t* end =
      list(rank) + MoeShape::kListHead + shape_.record() * static_cast<std::size_t>(tokens);
  if (tokens > 0 && *(end - shape_.record()) == token) return end - shape_.record();
  ++tokens;
  *end = token;
  std::fill_n(end + 1, shape_.top_k, -1);
  return end;
}

void MoeRouting::route(const std::int32_t* ids, int count, const std::vector<char>& live) {
  count_ = count;
  std::fill(to_.begin(), to_.end(), 0);
  std::fill(first_.begin(), first_.end(), 0);
  list_tokens(ids, live);
  place_outputs();
}

void MoeRouting::list_tokens(const std::int32_t* ids, const std::vector<char>& live) {
  const std::int32_t locals = shape_.local_experts();
  Choice* choice = choices_.data();
  for (int token = 0; token < count_; ++token) {
    for (int k = 0; k < shape_.top_k; ++k, ++choice) {
      *choice = {};
      const std::int32_t expert = *ids++;
      if (expert < 0) continue;
      const std::int32_t home = homes_[static_cast<std::size_t>(expert)];
      choice->expert = expert;
      choice->home = home;
      if (live[static_cast<std::size_t>(home)] == 0) continue;
      record(home, token)[1 + k] = expert - home * locals;
      choice->output = 0;
      ++first_[static_cast<std::size_t>(expert) + 1];
    }
  }
}

void MoeRouting::place_outputs() {
  for (std::size_t e = 0; e < next_.size(); ++e) {
    first_[e + 1] += first_[e];
    next_[e] = first_[e];
  }
  const auto choices = static_cast<std::ptrdiff_t>(count_) * shape_.top_k;
  std::for_each(choices_.begin(), choices_.begin() + choices, [&](Choice& choice) {
    if (choice.output >= 0) choice.output = next_[static_cast<std::size_t>(choice.expert)]++;
  });
  for (int rank = 0; rank < shape_.ranks; ++rank)
    *list(rank) = first_output(rank * shape_.local_experts());
}

}  // namespace weft::p2p
