/// The forward pass over a slice of a model.
#pragma once

#include "model/kv_cache.h"
#include "model/weights.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace inference {

/// A token and how much a rank wants it, in one number: the larger the logit the larger the vote,
/// and among equal logits the smaller token wins. So the largest vote of all ranks is the greedy
/// choice.
using Vote = std::uint64_t;
Vote vote_for(std::size_t token, float logit);
std::size_t token_of(Vote vote);

/// Allocates while it is constructed and never afterwards. Batches have up to kPageTokens tokens.
class Decoder {
 public:
  /// Adds sums()[i], i < count, over all ranks that have other groups of the same layers.
  using SumOverRanks = std::function<void(std::size_t count)>;
  /// Told when a layer (counted from the slice's first) has its keys and values in the cache.
  using LayerDone = std::function<void(std::size_t layer)>;

  /// `cache` has the slice's layers and groups; `sums` has kPageTokens * dim elements. Both stay
  /// the caller's and outlive the decoder.
  Decoder(const ModelConfig& config, const Slice& slice, Weights weights, KvCache cache,
          std::span<std::int64_t> sums);

  /// Writes the tokens' embeddings to x ([tokens][dim]).
  void embed(std::span<const int> tokens, float* x) const;

  /// Runs the slice's layers on x ([tokens][dim]), in place; the first token is at `position`.
  void forward(float* x, std::size_t tokens, std::size_t position, const SumOverRanks& sum,
               const LayerDone& done = {});

  /// The best token of the slice's part of the vocabulary to follow x ([dim]).
  Vote vote(const float* x);

 private:
  void clear_sums(std::size_t tokens);
  void normalize(const float* x, std::size_t tokens, const std::vector<float>& weight);
  void add_attention(std::size_t layer, std::size_t group, std::size_t tokens,
                     std::size_t position);
  void store_keys_values(std::size_t layer, std::size_t group, std::size_t tokens,
                         std::size_t position);
  void attend(std::size_t layer, std::size_t group, std::size_t position, float* query, float* out);
  void add_mlp(std::size_t layer, std::size_t group, std::size_t tokens);
  void add_to_sums(const std::vector<float>& matrix, std::size_t columns, const float* in,
                   std::size_t tokens);

  ModelConfig config_;
  Slice slice_;
  Weights weights_;
  KvCache cache_;
  std::span<std::int64_t> sums_;

  std::vector<float> normed_;            // [tokens][dim]
  std::vector<float> query_, attended_;  // [tokens][query_columns]
  std::vector<float> key_, value_;       // [tokens][head_dim]
  std::vector<float> scores_;            // [positions]
  std::vector<float> gate_, up_;         // [tokens][hidden_per_group]
  std::vector<float> part_;              // [tokens][dim]: one group's contribution
  std::vector<float> logits_;            // [vocabulary.count]
};

}  // namespace inference
