#include "model/weights.h"

#include "model/problem.h"

#include <fmt/format.h>

#include <filesystem>

namespace inference {
namespace {

using Matrix = std::vector<float>;

Matrix rows_of(const Matrix& matrix, std::size_t columns, Range rows) {
  const auto begin = matrix.begin() + static_cast<std::ptrdiff_t>(rows.first * columns);
  return {begin, begin + static_cast<std::ptrdiff_t>(rows.count * columns)};
}

Matrix columns_of(const Matrix& matrix, std::size_t columns, Range taken) {
  Matrix result;
  for (std::size_t start = taken.first; start < matrix.size(); start += columns) {
    const auto begin = matrix.begin() + static_cast<std::ptrdiff_t>(start);
    result.insert(result.end(), begin, begin + static_cast<std::ptrdiff_t>(taken.count));
  }
  return result;
}

ModelConfig config_of(const SafetensorsFile& file) {
  if (file.metadata().contains("hidden_size")) {
    return config_from(file.metadata(), file.path() + ": __metadata__");
  }
  const auto beside = std::filesystem::path(file.path()).replace_filename("config.json");
  if (!std::filesystem::exists(beside)) {
    throw Problem(fmt::format("{}: its metadata do not say the model's shape, and there is no {}",
                              file.path(), beside.string()));
  }
  return config_from(read_config_json(beside.string()), beside.string());
}

// Reads a layer's tensors and deals their parts out to groups.
class LayerReader {
 public:
  LayerReader(ModelFile& model, std::size_t layer, Range groups)
      : model_(model), prefix_(fmt::format("model.layers.{}.", layer)), groups_(groups) {}

  std::vector<float> norm(const char* name) {
    return model_.file.read(prefix_ + name + ".weight", {model_.config.dim});
  }

  // A matrix whose rows belong to groups, `each` to one.
  void split_rows(const char* name, std::size_t each, Matrix GroupWeights::* member,
                  std::vector<GroupWeights>& into) {
    const std::size_t columns = model_.config.dim;
    const Matrix whole = read(name, each * model_.config.groups(), columns);
    for (std::size_t i = 0; i < groups_.count; ++i) {
      into[i].*member = rows_of(whole, columns, {(groups_.first + i) * each, each});
    }
  }

  // A matrix whose columns belong to groups.
  void split_columns(const char* name, std::size_t each, Matrix GroupWeights::* member,
                     std::vector<GroupWeights>& into) {
    const std::size_t columns = each * model_.config.groups();
    const Matrix whole = read(name, model_.config.dim, columns);
    for (std::size_t i = 0; i < groups_.count; ++i) {
      into[i].*member = columns_of(whole, columns, {(groups_.first + i) * each, each});
    }
  }

 private:
  Matrix read(const char* name, std::size_t rows, std::size_t columns) {
    if (model_.file.contains(prefix_ + name + ".bias")) {
      throw Problem(
          fmt::format("{}: {}{} has a bias: not supported", model_.file.path(), prefix_, name));
    }
    return model_.file.read(prefix_ + name + ".weight", {rows, columns});
  }

  ModelFile& model_;
  std::string prefix_;
  Range groups_;
};

LayerWeights load_layer(ModelFile& model, std::size_t layer, Range groups) {
  const ModelConfig& config = model.config;
  LayerReader reader(model, layer, groups);
  LayerWeights weights;
  weights.attention_norm = reader.norm("input_layernorm");
  weights.mlp_norm = reader.norm("post_attention_layernorm");
  weights.groups.resize(groups.count);
  auto& into = weights.groups;
  reader.split_rows("self_attn.q_proj", config.query_columns(), &GroupWeights::query, into);
  reader.split_rows("self_attn.k_proj", config.head_dim, &GroupWeights::key, into);
  reader.split_rows("self_attn.v_proj", config.head_dim, &GroupWeights::value, into);
  reader.split_columns("self_attn.o_proj", config.query_columns(), &GroupWeights::output, into);
  reader.split_rows("mlp.gate_proj", config.hidden_per_group(), &GroupWeights::gate, into);
  reader.split_rows("mlp.up_proj", config.hidden_per_group(), &GroupWeights::up, into);
  reader.split_columns("mlp.down_proj", config.hidden_per_group(), &GroupWeights::down, into);
  return weights;
}

}  // namespace

ModelFile::ModelFile(const std::string& path) : file(path), config(config_of(file)) {}

Weights load(ModelFile& model, const Slice& slice) {
  const ModelConfig& config = model.config;
  Weights weights;
  for (std::size_t i = 0; i < slice.layers.count; ++i) {
    weights.layers.push_back(load_layer(model, slice.layers.first + i, slice.groups));
  }
  if (slice.embedding) {
    weights.embedding = model.file.read("model.embed_tokens.weight", {config.vocab, config.dim});
  }
  if (slice.vocabulary.count > 0) {
    const char* name = config.tied ? "model.embed_tokens.weight" : "lm_head.weight";
    weights.final_norm = model.file.read("model.norm.weight", {config.dim});
    weights.head =
        rows_of(model.file.read(name, {config.vocab, config.dim}), config.dim, slice.vocabulary);
  }
  return weights;
}

}  // namespace inference
