// Prefill and decode in different processes: the first computes the prompt's keys and values and
// writes them, page by page, into the other's cache.
#include "parallel/forms.h"
#include "parallel/pipeline_stage.h"

#include <array>

namespace inference {
namespace {

// All pages that hold one of `tokens` positions, in the order in which prefill completes them.
std::vector<std::size_t> pages_of(const PageLayout& layout, std::size_t tokens) {
  std::vector<std::size_t> pages;
  for_each_batch(tokens, [&](std::size_t first, std::size_t) {
    for (std::size_t layer = 0; layer < layout.layers; ++layer) {
      pages.push_back(layout.page(layer, first));
    }
  });
  return pages;
}

// A page leaves as soon as it is complete, while the next layer is computed.
void run_prefill(const Job& job, const Request& request, const PageLayout& layout, int decoder,
                 PipelineStage& stage, KvTransfer& cache, Link* first_token) {
  const auto token = stage.prefill(request.prompt, [&](std::size_t layer, std::size_t position) {
    const std::array<std::size_t, 1> page = {layout.page(layer, position)};
    job.meter.time(Path::kv_write, [&] { cache.write_pages(decoder, page); });
  });
  if (first_token != nullptr) {
    job.meter.time(Path::send, [&] { first_token->send(&*token, sizeof(*token)); });
  }
  job.meter.time(Path::kv_finish, [&] { cache.finish(decoder); });
}

void run_decode(const Job& job, const Request& request, const PageLayout& layout, int prefiller,
                PipelineStage& stage, KvTransfer& cache, Link* first_token,
                Generation& generation) {
  int token = 0;
  job.meter.time(Path::kv_wait,
                 [&] { cache.wait_pages(prefiller, pages_of(layout, request.prompt.size())); });
  if (first_token != nullptr) {
    job.meter.time(Path::receive, [&] { first_token->receive(&token, sizeof(token)); });
    generation.add(token);
  }
  stage.decode(token, request.prompt.size(), request.tokens - 1, generation);
}

}  // namespace

Generation generate_disaggregated(const Job& job, Network& network) {
  const ModelConfig& config = job.model.config;
  const int rank = network.rank(), stages = network.size() / 2;
  const bool prefills = rank < stages;
  const int counterpart = prefills ? rank + stages : rank - stages;
  const Slice slice = slice_of_stage(config, rank % stages, stages);
  const PageLayout layout(config, slice.layers.count, slice.groups.count, job.context);

  const auto cache = network.open_kv_transfer(layout.pool_bytes(), layout.page_bytes());
  PipelineStage stage(job, network, {prefills ? 0 : stages, stages}, cache->pool());
  std::unique_ptr<Link> first_token;  // from the last rank that prefills to the first that decodes
  if (prefills && stage.is_last()) first_token = network.open_link(stages, sizeof(int));
  if (!prefills && stage.is_first()) first_token = network.open_link(stages - 1, sizeof(int));
  return serve(job, network, [&](const Request& request, Generation& generation) {
    if (prefills) {
      run_prefill(job, request, layout, counterpart, stage, *cache, first_token.get());
    } else {
      run_decode(job, request, layout, counterpart, stage, *cache, first_token.get(), generation);
    }
  });
}

}  // namespace inference
