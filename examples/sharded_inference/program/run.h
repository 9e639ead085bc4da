/// One rank's program, whatever it communicates over.
#pragma once

#include "network/network.h"
#include "program/options.h"

namespace inference {

/// Exit statuses.
inline constexpr int kDone = 0, kFailed = 1, kMistake = 2;

/// Writes the random model that the options ask for.
int make_model(const Options& options);

/// Reads the model and checks that it can run as the options say, without communication. Throws
/// Problem.
ModelFile open_model(const Options& options, int ranks);

/// Collective. Generates, and prints the report at the rank that has the tokens. Returns kFailed
/// there where they differ from the single-process run's. Problems are printed by rank 0.
int run(const Options& options, Network& network);

/// The same in this process alone.
int run_single(const Options& options);

}  // namespace inference
