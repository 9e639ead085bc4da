#include "parallel/forms.h"
#include "parallel/pipeline_stage.h"

namespace inference {

Generation generate_pipeline(const Job& job, Network& network) {
  const ModelConfig& config = job.model.config;
  const Slice slice = slice_of_stage(config, network.rank(), network.size());
  const PageLayout layout(config, slice.layers.count, slice.groups.count, job.context);
  std::vector<std::byte> pool(layout.pool_bytes());
  PipelineStage stage(job, network, {0, network.size()}, pool);
  return serve(job, network, [&](const Request& request, Generation& generation) {
    const auto first = stage.prefill(request.prompt);
    const int token = stage.hand_back(first.value_or(0));
    if (stage.is_first()) generation.add(token);
    stage.decode(token, request.prompt.size(), request.tokens - 1, generation);
  });
}

}  // namespace inference
