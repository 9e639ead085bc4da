#include "program/run.h"

#include "model/problem.h"
#include "program/report.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <system_error>

namespace inference {
namespace {

Request request_of(const Options& options) {
  Request request;
  for (const char c : options.prompt) request.prompt.push_back(static_cast<unsigned char>(c));
  request.tokens = options.tokens;
  return request;
}

int print(const Options& options, const Report& report) {
  fmt::print("{}{}", options.json ? as_json(report) : as_text(report), options.json ? "\n" : "");
  if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category(), "output");
  return report.identical.value_or(true) ? kDone : kFailed;
}

std::optional<bool> check(const Options& options, const Job& job, const Generation& generation) {
  if (!options.check) return std::nullopt;
  Meter meter;
  const Job single{job.model, job.context, /*warm_ups=*/0, request_of(options), meter};
  return generate_single(single).tokens() == generation.tokens();
}

// Runs something that communicates with nobody; its exit status.
template <typename Body>
int alone(const Body& body) {
  try {
    return body();
  } catch (const Problem& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return kMistake;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return kFailed;
  }
}

}  // namespace

int make_model(const Options& options) {
  return alone([&] {
    write_random_model(options.make_model, options.new_model, options.stored, options.seed);
    return kDone;
  });
}

ModelFile open_model(const Options& options, int ranks) {
  ModelFile model(options.model);
  check_form(options.form, model.config, ranks);
  if (options.context > model.config.positions) {
    throw Problem(fmt::format("--context {} is beyond the model's {} positions", options.context,
                              model.config.positions));
  }
  return model;
}

int run(const Options& options, Network& network) {
  std::optional<ModelFile> model;
  try {
    model.emplace(open_model(options, network.size()));
  } catch (const Problem& problem) {  // every rank's alike
    if (network.rank() == 0) fmt::print(stderr, "{}\n", problem.what());
    return kMistake;
  }
  Meter meter;
  const Job job{*model, options.context, options.warm_ups, request_of(options), meter};
  const Generation generation = generate(options.form, job, network);
  const auto ranks = gather_summaries(network, meter);
  if (!generation.here()) return kDone;
  return print(options, {network.library(), options.form, ranks, generation,
                         check(options, job, generation)});
}

int run_single(const Options& options) {
  return alone([&] {
    ModelFile model = open_model(options, 1);
    Meter meter;
    const Job job{model, options.context, options.warm_ups, request_of(options), meter};
    const Generation generation = generate_single(job);
    return print(
        options,
        {"none", options.form, {summarize(meter)}, generation, check(options, job, generation)});
  });
}

}  // namespace inference
