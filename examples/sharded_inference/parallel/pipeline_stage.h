/// One stage of a pipeline of consecutive ranks.
#pragma once

#include "model/decoder.h"
#include "parallel/generation.h"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace inference {

/// Which ranks are the pipeline.
struct PipelineRanks {
  int first = 0;
  int count = 1;
};

/// The layers of a stage.
Slice slice_of_stage(const ModelConfig& config, int stage, int stages);

class PipelineStage {
 public:
  /// Called by all ranks of the pipeline: opens the links between them and loads the stage's
  /// layers. `pool` is the KV cache's memory.
  PipelineStage(const Job& job, Network& network, PipelineRanks ranks, std::span<std::byte> pool);

  bool is_first() const { return stage_ == 0; }
  bool is_last() const { return stage_ == stages_ - 1; }

  /// Runs the prompt, batch after batch: a stage works on one while the next stage has the one
  /// before. At the last stage: the token that follows. `done(layer, position)` is told whenever
  /// the keys and values of a layer are in the cache for the page that starts at `position`.
  std::optional<int> prefill(
      const std::vector<int>& prompt,
      const std::function<void(std::size_t layer, std::size_t position)>& done = {});

  /// Generates `count` tokens: at the first stage `token` is the one at `position`, and the new
  /// ones go to `generation`; it is ignored elsewhere.
  void decode(int token, std::size_t position, std::size_t count, Generation& generation);

  /// Sends a token from the last stage to the first and returns it there; elsewhere it returns
  /// `token`, and between the two nothing happens.
  int hand_back(int token);

 private:
  // x_ runs through this stage. At the last stage: the token that follows, where it is wanted.
  std::optional<int> step(std::span<const int> tokens, std::size_t count, std::size_t position,
                          bool wanted, const Decoder::LayerDone& done);

  Meter& meter_;
  int stage_, stages_;
  std::size_t dim_;
  std::unique_ptr<Link> from_previous_, to_next_, token_;
  std::vector<std::int64_t> sums_;
  std::vector<float> x_;
  Decoder decoder_;
};

}  // namespace inference
