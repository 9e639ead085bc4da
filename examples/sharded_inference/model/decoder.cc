#include "model/decoder.h"

#include "model/exact_sum.h"
#include "model/kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace inference {

Vote vote_for(std::size_t token, float logit) {
  const auto bits = std::bit_cast<std::uint32_t>(logit);
  // Floats as integers of the same order: negative ones turned round, positive ones above them.
  const std::uint32_t ordered = (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
  return static_cast<Vote>(ordered) << 32 | (0xffffffffu - static_cast<std::uint32_t>(token));
}

std::size_t token_of(Vote vote) { return 0xffffffffu - static_cast<std::uint32_t>(vote); }

Decoder::Decoder(const ModelConfig& config, const Slice& slice, Weights weights, KvCache cache,
                 std::span<std::int64_t> sums)
    : config_(config),
      slice_(slice),
      weights_(std::move(weights)),
      cache_(cache),
      sums_(sums),
      normed_(kPageTokens * config.dim),
      query_(kPageTokens * config.query_columns()),
      attended_(query_.size()),
      key_(kPageTokens * config.head_dim),
      value_(key_.size()),
      scores_(cache.positions()),
      gate_(kPageTokens * config.hidden_per_group()),
      up_(gate_.size()),
      part_(normed_.size()),
      logits_(slice.vocabulary.count) {}

void Decoder::embed(std::span<const int> tokens, float* x) const {
  for (const int token : tokens) {
    const float* row = weights_.embedding.data() + static_cast<std::size_t>(token) * config_.dim;
    x = std::copy(row, row + config_.dim, x);
  }
}

void Decoder::forward(float* x, std::size_t tokens, std::size_t position, const SumOverRanks& sum,
                      const LayerDone& done) {
  const std::size_t count = tokens * config_.dim;
  for (std::size_t layer = 0; layer < slice_.layers.count; ++layer) {
    normalize(x, tokens, weights_.layers[layer].attention_norm);
    clear_sums(tokens);
    for (std::size_t group = 0; group < slice_.groups.count; ++group) {
      add_attention(layer, group, tokens, position);
    }
    if (done) done(layer);
    sum(count);
    add_sums(x, sums_.first(count));

    normalize(x, tokens, weights_.layers[layer].mlp_norm);
    clear_sums(tokens);
    for (std::size_t group = 0; group < slice_.groups.count; ++group) add_mlp(layer, group, tokens);
    sum(count);
    add_sums(x, sums_.first(count));
  }
}

Vote Decoder::vote(const float* x) {
  kernels::rms_norm(normed_.data(), x, weights_.final_norm.data(), config_.dim, config_.norm_eps);
  kernels::matmul(logits_.data(), 0, weights_.head.data(), logits_.size(), config_.dim,
                  normed_.data(), 0, 1);
  Vote best = 0;
  for (std::size_t i = 0; i < logits_.size(); ++i) {
    best = std::max(best, vote_for(slice_.vocabulary.first + i, logits_[i]));
  }
  return best;
}

void Decoder::clear_sums(std::size_t tokens) {
  std::fill_n(sums_.begin(), tokens * config_.dim, 0);
}

void Decoder::normalize(const float* x, std::size_t tokens, const std::vector<float>& weight) {
  for (std::size_t t = 0; t < tokens; ++t) {
    kernels::rms_norm(normed_.data() + t * config_.dim, x + t * config_.dim, weight.data(),
                      config_.dim, config_.norm_eps);
  }
}

void Decoder::add_attention(std::size_t layer, std::size_t group, std::size_t tokens,
                            std::size_t position) {
  const std::size_t dim = config_.dim, columns = config_.query_columns();
  const GroupWeights& weights = weights_.layers[layer].groups[group];
  store_keys_values(layer, group, tokens, position);
  kernels::matmul(query_.data(), columns, weights.query.data(), columns, dim, normed_.data(), dim,
                  tokens);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t head = 0; head < config_.heads_per_group(); ++head) {
      const std::size_t offset = t * columns + head * config_.head_dim;
      attend(layer, group, position + t, query_.data() + offset, attended_.data() + offset);
    }
  }
  add_to_sums(weights.output, columns, attended_.data(), tokens);
}

void Decoder::store_keys_values(std::size_t layer, std::size_t group, std::size_t tokens,
                                std::size_t position) {
  const std::size_t dim = config_.dim, head_dim = config_.head_dim;
  const GroupWeights& weights = weights_.layers[layer].groups[group];
  kernels::matmul(key_.data(), head_dim, weights.key.data(), head_dim, dim, normed_.data(), dim,
                  tokens);
  kernels::matmul(value_.data(), head_dim, weights.value.data(), head_dim, dim, normed_.data(), dim,
                  tokens);
  for (std::size_t t = 0; t < tokens; ++t) {
    float* key = key_.data() + t * head_dim;
    kernels::rope(key, head_dim, position + t, config_.rope_theta);
    std::copy_n(key, head_dim, cache_.key(layer, group, position + t));
    std::copy_n(value_.data() + t * head_dim, head_dim, cache_.value(layer, group, position + t));
  }
}

void Decoder::attend(std::size_t layer, std::size_t group, std::size_t position, float* query,
                     float* out) {
  const std::size_t head_dim = config_.head_dim, seen = position + 1;
  kernels::rope(query, head_dim, position, config_.rope_theta);
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  for (std::size_t p = 0; p < seen; ++p) {
    scores_[p] = kernels::dot(query, cache_.key(layer, group, p), head_dim) * scale;
  }
  kernels::softmax(scores_.data(), seen);
  std::fill_n(out, head_dim, 0.0f);
  for (std::size_t p = 0; p < seen; ++p) {
    kernels::add_scaled(out, scores_[p], cache_.value(layer, group, p), head_dim);
  }
}

void Decoder::add_mlp(std::size_t layer, std::size_t group, std::size_t tokens) {
  const std::size_t dim = config_.dim, hidden = config_.hidden_per_group();
  const GroupWeights& weights = weights_.layers[layer].groups[group];
  kernels::matmul(gate_.data(), hidden, weights.gate.data(), hidden, dim, normed_.data(), dim,
                  tokens);
  kernels::matmul(up_.data(), hidden, weights.up.data(), hidden, dim, normed_.data(), dim, tokens);
  kernels::swiglu(gate_.data(), gate_.data(), up_.data(), tokens * hidden);
  add_to_sums(weights.down, hidden, gate_.data(), tokens);
}

void Decoder::add_to_sums(const std::vector<float>& matrix, std::size_t columns, const float* in,
                          std::size_t tokens) {
  const std::size_t dim = config_.dim;
  kernels::matmul(part_.data(), dim, matrix.data(), dim, columns, in, columns, tokens);
  add_exactly(sums_.first(tokens * dim), part_.data());
}

}  // namespace inference
