#include "parallel/pipeline_stage.h"

namespace inference {

Slice slice_of_stage(const ModelConfig& config, int stage, int stages) {
  Slice slice = Slice::all(config);
  slice.layers =
      part_of(config.layers, static_cast<std::size_t>(stage), static_cast<std::size_t>(stages));
  slice.embedding = stage == 0;
  if (stage != stages - 1) slice.vocabulary = {};
  return slice;
}

namespace {

Decoder make_decoder(const Job& job, const Slice& slice, std::span<std::byte> pool,
                     std::span<std::int64_t> sums) {
  const ModelConfig& config = job.model.config;
  const PageLayout layout(config, slice.layers.count, slice.groups.count, job.context);
  return Decoder(config, slice, load(job.model, slice), KvCache(layout, pool), sums);
}

}  // namespace

PipelineStage::PipelineStage(const Job& job, Network& network, PipelineRanks ranks,
                             std::span<std::byte> pool)
    : meter_(job.meter),
      stage_(network.rank() - ranks.first),
      stages_(ranks.count),
      dim_(job.model.config.dim),
      sums_(kPageTokens * dim_),
      x_(kPageTokens * dim_),
      decoder_(make_decoder(job, slice_of_stage(job.model.config, stage_, stages_), pool, sums_)) {
  // Each rank opens the link to its left before the one to its right, and the way back at the end:
  // nobody waits for somebody who waits for him.
  const std::size_t bytes = x_.size() * sizeof(float);
  if (!is_first()) from_previous_ = network.open_link(network.rank() - 1, bytes);
  if (!is_last()) to_next_ = network.open_link(network.rank() + 1, bytes);
  if (stages_ > 1 && is_first()) {
    token_ = network.open_link(ranks.first + stages_ - 1, sizeof(int));
  } else if (stages_ > 1 && is_last()) {
    token_ = network.open_link(ranks.first, sizeof(int));
  }
}

std::optional<int> PipelineStage::step(std::span<const int> tokens, std::size_t count,
                                       std::size_t position, bool wanted,
                                       const Decoder::LayerDone& done) {
  const std::size_t bytes = count * dim_ * sizeof(float);
  std::optional<int> token;
  if (!is_first()) meter_.time(Path::receive, [&] { from_previous_->receive(x_.data(), bytes); });
  meter_.time(Path::compute, [&] {
    if (is_first()) decoder_.embed(tokens, x_.data());
    decoder_.forward(x_.data(), count, position, [](std::size_t) {}, done);
    if (!is_last() || !wanted) return;
    token = static_cast<int>(token_of(decoder_.vote(x_.data() + (count - 1) * dim_)));
  });
  if (!is_last()) meter_.time(Path::send, [&] { to_next_->send(x_.data(), bytes); });
  return token;
}

std::optional<int> PipelineStage::prefill(
    const std::vector<int>& prompt,
    const std::function<void(std::size_t layer, std::size_t position)>& done) {
  std::optional<int> token;
  for_each_batch(prompt.size(), [&](std::size_t first, std::size_t count) {
    const bool last = first + count == prompt.size();
    const auto layer_done = [&](std::size_t layer) {
      if (done) done(layer, first);
    };
    token = step(std::span(prompt).subspan(first, count), count, first, last, layer_done);
  });
  return token;
}

void PipelineStage::decode(int token, std::size_t position, std::size_t count,
                           Generation& generation) {
  meter_.enter(Phase::decode);
  for (std::size_t i = 0; i < count; ++i) {
    const auto next = step({&token, 1}, 1, position + i, /*wanted=*/true, {});
    token = hand_back(next.value_or(0));
    if (is_first()) generation.add(token);
  }
}

int PipelineStage::hand_back(int token) {
  if (stages_ == 1) return token;
  if (is_last()) meter_.time(Path::send, [&] { token_->send(&token, sizeof(token)); });
  if (is_first()) meter_.time(Path::receive, [&] { token_->receive(&token, sizeof(token)); });
  return token;
}

}  // namespace inference
