#include "parallel/forms.h"

#include "model/problem.h"

#include <fmt/format.h>

#include <stdexcept>

namespace inference {

void check_form(Form form, const ModelConfig& config, int ranks) {
  const auto count = static_cast<std::size_t>(ranks);
  if (form == Form::single && ranks != 1) {
    throw Problem(fmt::format("the form 'single' runs in one process, not in {}", ranks));
  }
  if (form == Form::tensor && config.groups() % count != 0) {
    throw Problem(
        fmt::format("{} ranks do not divide the model's {} KV heads", ranks, config.groups()));
  }
  if (form == Form::pipeline && count > config.layers) {
    throw Problem(
        fmt::format("{} ranks are more than the model's {} layers", ranks, config.layers));
  }
  if (form == Form::disaggregated && (ranks % 2 != 0 || count / 2 > config.layers)) {
    throw Problem(
        fmt::format("disaggregated: {} ranks are not two halves of 1 to {} (the model's layers)",
                    ranks, config.layers));
  }
}

Generation generate(Form form, const Job& job, Network& network) {
  switch (form) {
    case Form::single:
      return generate_single(job);
    case Form::tensor:
      return generate_tensor(job, network);
    case Form::pipeline:
      return generate_pipeline(job, network);
    case Form::disaggregated:
      return generate_disaggregated(job, network);
  }
  throw std::logic_error("no such form");
}

}  // namespace inference
