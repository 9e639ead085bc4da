/// A rank's part of the weights.
#pragma once

#include "model/config.h"
#include "model/kv_cache.h"
#include "model/safetensors.h"

#include <string>
#include <vector>

namespace inference {

/// One group of one layer. Matrices are [rows][columns], a row per output.
struct GroupWeights {
  std::vector<float> query;   ///< [query_columns][dim]
  std::vector<float> key;     ///< [head_dim][dim]
  std::vector<float> value;   ///< [head_dim][dim]
  std::vector<float> output;  ///< [dim][query_columns]
  std::vector<float> gate;    ///< [hidden_per_group][dim]
  std::vector<float> up;      ///< [hidden_per_group][dim]
  std::vector<float> down;    ///< [dim][hidden_per_group]
};

struct LayerWeights {
  std::vector<float> attention_norm;  ///< [dim]
  std::vector<float> mlp_norm;        ///< [dim]
  std::vector<GroupWeights> groups;
};

/// What of a model one rank computes.
struct Slice {
  Range layers;
  Range groups;
  Range vocabulary;       ///< rows of the output matrix; none: another rank has it
  bool embedding = true;  ///< this rank looks tokens up

  static Slice all(const ModelConfig& config) {
    return {{0, config.layers}, {0, config.groups()}, {0, config.vocab}, true};
  }
};

struct Weights {
  std::vector<float> embedding;  ///< [vocab][dim], where the slice has it
  std::vector<LayerWeights> layers;
  std::vector<float> final_norm;  ///< [dim]
  std::vector<float> head;        ///< [vocabulary.count][dim]
};

/// A model's file and its shape, from the file's metadata or else from config.json beside it.
/// Throws Problem.
struct ModelFile {
  explicit ModelFile(const std::string& path);

  SafetensorsFile file;
  ModelConfig config;
};

/// Reads a slice, one whole tensor at a time. Throws Problem.
Weights load(ModelFile& model, const Slice& slice);

/// Writes a model of that shape with random weights; the same file for the same seed.
void write_random_model(const std::string& path, const ModelConfig& config, StoredType type,
                        std::uint64_t seed);

}  // namespace inference
