/// The shape of a Llama-architecture model.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace inference {

/// Names and values as text, as Hugging Face's config.json has them.
using Fields = std::map<std::string, std::string>;

/// All counts are at least 1 and bounded, so that products of any three fit 64 bits; `heads` is a
/// multiple of `kv_heads`, `head_dim` is even, `hidden` is a multiple of `kv_heads`.
struct ModelConfig {
  std::size_t dim = 256;     ///< of the residual stream
  std::size_t hidden = 704;  ///< of the MLP
  std::size_t layers = 4;
  std::size_t heads = 8;     ///< of queries
  std::size_t kv_heads = 4;  ///< of keys and values
  std::size_t head_dim = 32;
  std::size_t vocab = 256;       ///< tokens below 256 are bytes
  std::size_t positions = 2048;  ///< the longest sequence
  float rope_theta = 10000.0f;
  float norm_eps = 1e-5f;
  bool tied = false;  ///< the output matrix is the embedding

  /// A *group* is what is split between ranks: a KV head, the query heads that read it, and an
  /// equal share of the MLP.
  std::size_t groups() const { return kv_heads; }
  std::size_t heads_per_group() const { return heads / kv_heads; }
  std::size_t query_columns() const { return heads_per_group() * head_dim; }
  std::size_t hidden_per_group() const { return hidden / kv_heads; }
};

/// Throws Problem, naming `source`, where a field is missing, is no number, out of bounds or does
/// not go with the others, and where the model needs what this program does not have.
ModelConfig config_from(const Fields& fields, const std::string& source);

/// The reverse.
Fields fields_of(const ModelConfig& config);

/// Reads the fields of a config.json. Throws Problem.
Fields read_config_json(const std::string& path);

}  // namespace inference
