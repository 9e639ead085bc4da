#include "model/config.h"

#include "model/problem.h"
#include "model/weights.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace inference {
namespace {

Fields good() { return fields_of(ModelConfig()); }

std::string complaint(const Fields& fields) {
  try {
    config_from(fields, "file");
    return "";
  } catch (const Problem& problem) {
    return problem.what();
  }
}

TEST(Config, comes_back_from_its_fields) {
  ModelConfig config;
  config.layers = 7;
  config.rope_theta = 500000.0f;
  config.norm_eps = 1e-6f;
  config.tied = true;
  const ModelConfig back = config_from(fields_of(config), "file");
  EXPECT_EQ(back.layers, 7u);
  EXPECT_EQ(back.rope_theta, 500000.0f);
  EXPECT_EQ(back.norm_eps, 1e-6f);
  EXPECT_TRUE(back.tied);
}

TEST(Config, has_the_defaults_of_llama) {
  Fields fields = good();
  for (const char* name : {"num_key_value_heads", "head_dim", "rope_theta"}) fields.erase(name);
  fields["rope_scaling"] = "null";
  fields["attention_bias"] = "false";
  const ModelConfig config = config_from(fields, "file");
  EXPECT_EQ(config.kv_heads, config.heads);
  EXPECT_EQ(config.head_dim, config.dim / config.heads);
  EXPECT_EQ(config.rope_theta, 10000.0f);
}

TEST(Config, refuses_fields_that_are_broken_or_do_not_fit) {
  const struct {
    const char* name;
    const char* value;
  } kCases[] = {{"hidden_size", "0"},
                {"hidden_size", "-256"},
                {"hidden_size", "256x"},
                {"hidden_size", ""},
                {"hidden_size", "99999999"},
                {"num_hidden_layers", "1e9"},
                {"num_attention_heads", "7"},
                {"num_key_value_heads", "3"},
                {"intermediate_size", "705"},
                {"head_dim", "31"},
                {"vocab_size", "255"},
                {"rope_theta", "nan"},
                {"rope_theta", "-1"},
                {"rms_norm_eps", "0"},
                {"tie_word_embeddings", "maybe"},
                {"rope_scaling", "an object"},
                {"attention_bias", "true"},
                {"mlp_bias", "true"},
                {"vocab_size", "18446744073709551616"}};
  for (const auto& test : kCases) {
    Fields fields = good();
    fields[test.name] = test.value;
    EXPECT_EQ(complaint(fields).find("file: "), 0u) << test.name << " = " << test.value;
  }
  for (const char* name : {"hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size"}) {
    Fields fields = good();
    fields.erase(name);
    EXPECT_NE(complaint(fields).find(name), std::string::npos);
  }
}

// As checkpoints come from Hugging Face: the file's metadata say nothing, config.json does.
TEST(Config, is_read_from_the_file_beside_the_model) {
  const auto folder = std::filesystem::path(testing::TempDir()) / std::to_string(getpid());
  std::filesystem::create_directory(folder);
  const std::string model = folder / "model.safetensors";
  write_safetensors(model, {{"format", "pt"}}, {}, StoredType::f32);
  EXPECT_THROW(ModelFile{model}, Problem);
  std::ofstream(folder / "config.json") << R"({"architectures": ["LlamaForCausalLM"],
    "hidden_size": 64, "intermediate_size": 172, "num_hidden_layers": 5, "num_attention_heads": 8,
    "num_key_value_heads": 4, "vocab_size": 512, "max_position_embeddings": 512,
    "rope_theta": 10000.0, "rms_norm_eps": 1e-05, "rope_scaling": null, "attention_bias": false,
    "tie_word_embeddings": true})";
  const ModelConfig config = ModelFile(model).config;
  EXPECT_EQ(config.hidden_per_group(), 43u);
  EXPECT_EQ(config.head_dim, 8u);
  EXPECT_EQ(config.norm_eps, 1e-5f);
  EXPECT_TRUE(config.tied);
  std::ofstream(folder / "config.json") << "{";
  EXPECT_THROW(ModelFile{model}, Problem);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace inference
