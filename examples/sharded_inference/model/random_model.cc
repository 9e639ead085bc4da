#include "model/weights.h"

#include <fmt/format.h>

#include <cmath>
#include <random>

namespace inference {
namespace {

// The standard fixes what mt19937_64 returns, but not what its distributions make of that.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : bits_(seed) {}

  // Uniform with the given standard deviation.
  float operator()(float deviation) {
    const auto unit = static_cast<float>(bits_() >> 40) * 0x1p-24f;
    return (unit - 0.5f) * std::sqrt(12.0f) * deviation;
  }

 private:
  std::mt19937_64 bits_;
};

}  // namespace

void write_random_model(const std::string& path, const ModelConfig& config, StoredType type,
                        std::uint64_t seed) {
  Draw draw(seed);
  std::vector<NewTensor> tensors;
  const auto matrix = [&](const std::string& name, std::size_t rows, std::size_t columns,
                          float scale) {
    NewTensor tensor{name + ".weight", {rows, columns}, std::vector<float>(rows * columns)};
    for (float& value : tensor.values) value = draw(scale / std::sqrt(static_cast<float>(columns)));
    tensors.push_back(std::move(tensor));
  };
  const auto norm = [&](const std::string& name) {
    NewTensor tensor{name + ".weight", {config.dim}, std::vector<float>(config.dim)};
    for (float& value : tensor.values) value = 1.0f + draw(0.1f);
    tensors.push_back(std::move(tensor));
  };

  const std::size_t queries = config.heads * config.head_dim;
  const std::size_t keys = config.kv_heads * config.head_dim;
  const float unit = std::sqrt(static_cast<float>(config.dim));  // embeddings are not averaged
  matrix("model.embed_tokens", config.vocab, config.dim, config.tied ? 1.0f : unit);
  for (std::size_t layer = 0; layer < config.layers; ++layer) {
    const std::string prefix = fmt::format("model.layers.{}.", layer);
    norm(prefix + "input_layernorm");
    matrix(prefix + "self_attn.q_proj", queries, config.dim, 2.0f);
    matrix(prefix + "self_attn.k_proj", keys, config.dim, 2.0f);
    matrix(prefix + "self_attn.v_proj", keys, config.dim, 1.0f);
    matrix(prefix + "self_attn.o_proj", config.dim, queries, 1.0f);
    norm(prefix + "post_attention_layernorm");
    matrix(prefix + "mlp.gate_proj", config.hidden, config.dim, 1.5f);
    matrix(prefix + "mlp.up_proj", config.hidden, config.dim, 1.5f);
    matrix(prefix + "mlp.down_proj", config.dim, config.hidden, 1.5f);
  }
  norm("model.norm");
  if (!config.tied) matrix("lm_head", config.vocab, config.dim, 1.0f);
  write_safetensors(path, fields_of(config), tensors, type);
}

}  // namespace inference
