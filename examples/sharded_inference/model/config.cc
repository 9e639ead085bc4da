#include "model/config.h"

#include "model/problem.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>

namespace inference {
namespace {

class Reader {
 public:
  Reader(const Fields& fields, const std::string& source) : fields_(fields), source_(source) {}

  std::optional<std::string> text(const char* name) const {
    const auto found = fields_.find(name);
    if (found == fields_.end() || found->second == "null") return std::nullopt;
    return found->second;
  }

  std::size_t count(const char* name, std::size_t most,
                    std::optional<std::size_t> otherwise = std::nullopt) const {
    const auto value = text(name);
    if (!value && otherwise) return *otherwise;
    if (!value) fail(fmt::format("has no {}", name));
    std::size_t result = 0;
    const char* end = value->data() + value->size();
    const auto [last, error] = std::from_chars(value->data(), end, result);
    if (error != std::errc() || last != end || result < 1 || result > most) {
      fail(fmt::format("{} is '{}', not a count from 1 to {}", name, *value, most));
    }
    return result;
  }

  float positive(const char* name, float otherwise) const {
    const auto value = text(name);
    if (!value) return otherwise;
    float result = 0;
    const char* end = value->data() + value->size();
    const auto [last, error] = std::from_chars(value->data(), end, result);
    if (error != std::errc() || last != end || !std::isfinite(result) || result <= 0) {
      fail(fmt::format("{} is '{}', not a positive number", name, *value));
    }
    return result;
  }

  bool flag(const char* name) const {
    const auto value = text(name);
    if (!value || *value == "false") return false;
    if (*value != "true") fail(fmt::format("{} is '{}', not true or false", name, *value));
    return true;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Problem(fmt::format("{}: {}", source_, what));
  }

 private:
  const Fields& fields_;
  const std::string& source_;
};

void check(const ModelConfig& config, const Reader& reader) {
  if (config.heads % config.kv_heads != 0) {
    reader.fail(fmt::format("{} query heads do not share {} KV heads evenly", config.heads,
                            config.kv_heads));
  }
  if (config.hidden % config.kv_heads != 0) {
    reader.fail(fmt::format("intermediate_size {} is no multiple of {} KV heads", config.hidden,
                            config.kv_heads));
  }
  if (config.head_dim % 2 != 0) reader.fail("head_dim is odd: rotary embedding turns pairs");
  if (config.vocab < 256) reader.fail("vocab_size is below 256: tokens are bytes here");
  for (const char* name : {"rope_scaling", "attention_bias", "mlp_bias"}) {
    const auto value = reader.text(name);
    if (value && *value != "false") {
      reader.fail(fmt::format("{} is {}: not supported", name, *value));
    }
  }
}

}  // namespace

ModelConfig config_from(const Fields& fields, const std::string& source) {
  const Reader reader(fields, source);
  ModelConfig config;
  config.dim = reader.count("hidden_size", 1 << 16);
  config.hidden = reader.count("intermediate_size", 1 << 18);
  config.layers = reader.count("num_hidden_layers", 1 << 10);
  config.heads = reader.count("num_attention_heads", 1 << 10);
  config.kv_heads = reader.count("num_key_value_heads", 1 << 10, config.heads);
  if (!reader.text("head_dim") && config.dim % config.heads != 0) {
    reader.fail(fmt::format("hidden_size {} is no multiple of {} heads", config.dim, config.heads));
  }
  config.head_dim = reader.count("head_dim", 1 << 12, config.dim / config.heads);
  config.vocab = reader.count("vocab_size", 1 << 20);
  config.positions = reader.count("max_position_embeddings", 1 << 22, config.positions);
  config.rope_theta = reader.positive("rope_theta", config.rope_theta);
  config.norm_eps = reader.positive("rms_norm_eps", config.norm_eps);
  config.tied = reader.flag("tie_word_embeddings");
  check(config, reader);
  return config;
}

Fields fields_of(const ModelConfig& config) {
  return {{"architectures", "LlamaForCausalLM"},
          {"hidden_size", std::to_string(config.dim)},
          {"intermediate_size", std::to_string(config.hidden)},
          {"num_hidden_layers", std::to_string(config.layers)},
          {"num_attention_heads", std::to_string(config.heads)},
          {"num_key_value_heads", std::to_string(config.kv_heads)},
          {"head_dim", std::to_string(config.head_dim)},
          {"vocab_size", std::to_string(config.vocab)},
          {"max_position_embeddings", std::to_string(config.positions)},
          {"rope_theta", fmt::format("{}", config.rope_theta)},
          {"rms_norm_eps", fmt::format("{}", config.norm_eps)},
          {"tie_word_embeddings", config.tied ? "true" : "false"}};
}

Fields read_config_json(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Problem(fmt::format("{}: cannot be read", path));
  const auto json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) throw Problem(fmt::format("{}: is no JSON object", path));
  Fields fields;
  for (const auto& [name, value] : json.items()) {
    if (value.is_string()) {
      fields[name] = value.get<std::string>();
    } else if (value.is_primitive()) {
      fields[name] = value.dump();
    } else {
      fields[name] = "an object or a list";
    }
  }
  return fields;
}

}  // namespace inference
