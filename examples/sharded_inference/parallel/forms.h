/// The ways to run a model. Each is collective over all ranks of its network; all give the same
/// tokens, bit for bit.
#pragma once

#include "network/network.h"
#include "parallel/generation.h"

#include <string>

namespace inference {

enum class Form : std::uint8_t { single, tensor, pipeline, disaggregated };

/// Throws Problem where the form cannot split such a model over so many ranks.
void check_form(Form form, const ModelConfig& config, int ranks);

/// One process; communicates with nobody.
Generation generate_single(const Job& job);

/// Every layer's groups and the vocabulary are split; an all-reduce after attention and one after
/// the MLP, a vote for the token. The tokens come to rank 0.
Generation generate_tensor(const Job& job, Network& network);

/// The layers are split; activations go from stage to stage over channels, and the token from the
/// last to rank 0, where the tokens come.
Generation generate_pipeline(const Job& job, Network& network);

/// The first half of the ranks is a pipeline that runs the prompt and writes the KV cache into the
/// other half, a pipeline that generates. The tokens come to rank size / 2.
Generation generate_disaggregated(const Job& job, Network& network);

Generation generate(Form form, const Job& job, Network& network);

}  // namespace inference
