#include "program/options.h"

#include "model/problem.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <map>

namespace inference {
namespace {

const std::map<std::string, Form> kForms = {{"single", Form::single},
                                            {"tensor", Form::tensor},
                                            {"pipeline", Form::pipeline},
                                            {"disaggregated", Form::disaggregated}};

void add_run_options(CLI::App& app, Starts starts, Options& options) {
  app.add_option("--form", options.form, "single, tensor, pipeline or disaggregated")
      ->transform(CLI::CheckedTransformer(kForms).description(""));
  if (starts == Starts::itself) {
    app.add_option("--ranks", options.ranks,
                   "processes to fork on this host; without it they come from the launcher")
        ->check(CLI::Range(1, 1024));
  }
  app.add_option("--model", options.model, "a safetensors file");
  app.add_option("--prompt", options.prompt, "text; its bytes are the tokens")
      ->capture_default_str();
  app.add_option("--tokens", options.tokens, "how many to generate")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 22))
      ->capture_default_str();
  app.add_option("--context", options.context, "positions of the KV cache")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 22))
      ->capture_default_str();
  app.add_option("--warm-ups", options.warm_ups, "times that the request runs unmeasured before")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_flag("--check", options.check, "generate in one process as well and compare the tokens");
  app.add_flag("--json", options.json, "print one line of JSON");
}

void add_model_options(CLI::App& app, Options& options) {
  const std::map<std::string, StoredType> types = {{"f32", StoredType::f32},
                                                   {"bf16", StoredType::bf16}};
  ModelConfig& model = options.new_model;
  const std::string group = "A new model";
  app.add_option("--make-model", options.make_model, "write a random model to this file and end")
      ->group(group);
  app.add_option("--dtype", options.stored, "f32 or bf16")
      ->transform(CLI::CheckedTransformer(types).description(""))
      ->group(group);
  app.add_option("--seed", options.seed, "the same seed makes the same file")
      ->capture_default_str()
      ->group(group);
  const auto shape = [&](const char* name, std::size_t& value, const char* what) {
    app.add_option(name, value, what)->capture_default_str()->group(group);
  };
  shape("--dim", model.dim, "of the residual stream");
  shape("--hidden", model.hidden, "of the MLP");
  shape("--layers", model.layers, "");
  shape("--heads", model.heads, "of queries");
  shape("--kv-heads", model.kv_heads, "of keys and values");
}

// What one option cannot tell alone.
void check(Options& options) {
  ModelConfig& model = options.new_model;
  if (!options.make_model.empty()) {
    if (model.heads > 0) model.head_dim = model.dim / model.heads;
    Fields fields = fields_of(model);
    fields.erase("head_dim");
    model = config_from(fields, "--make-model");
    return;
  }
  if (options.model.empty())
    throw Problem("--model is missing; --make-model FILE makes a small one");
  if (options.prompt.empty()) throw Problem("--prompt is empty: there is nothing to go on from");
  if (options.prompt.size() > options.context ||
      options.tokens > options.context - options.prompt.size()) {
    throw Problem(fmt::format("a prompt of {} and {} more tokens do not fit --context {}",
                              options.prompt.size(), options.tokens, options.context));
  }
}

}  // namespace

std::optional<int> parse(int argc, const char* const* argv, Starts starts, Options& options) {
  CLI::App app("A small transformer, run by several processes in different ways.");
  add_run_options(app, starts, options);
  add_model_options(app, options);
  try {
    app.parse(argc, argv);
    check(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const Problem& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return 2;
  }
  return std::nullopt;
}

const char* name_of(Form form) {
  for (const auto& [name, value] : kForms) {
    if (value == form) return name.c_str();
  }
  return "?";
}

}  // namespace inference
