/// A request, and what came of it.
#pragma once

#include "model/weights.h"
#include "network/network.h"
#include "parallel/meter.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace inference {

struct Request {
  std::vector<int> prompt;  ///< at least one token
  std::size_t tokens = 0;   ///< to generate, at least one
};

/// What a form needs. `request` counts at rank 0 alone; the others learn it from there, as a
/// server's workers do. The model file is this rank's own.
struct Job {
  ModelFile& model;
  std::size_t context;   ///< positions of the KV cache: prompt and generated tokens fit
  std::size_t warm_ups;  ///< how often the request runs before it is measured
  Request request;
  Meter& meter;
};

/// The tokens, at the rank that has them, and when they came.
class Generation {
 public:
  /// The request has come.
  void start() { started_ = last_ = Clock::now(); }
  void add(int token);

  bool here() const { return !tokens_.empty(); }
  const std::vector<int>& tokens() const { return tokens_; }
  double first_token_us() const { return first_token_us_; }
  /// Between one token and the next.
  const std::vector<double>& token_us() const { return token_us_; }

 private:
  Clock::time_point started_, last_;
  std::vector<int> tokens_;
  double first_token_us_ = 0;
  std::vector<double> token_us_;
};

/// Runs a request; `generation` was started.
using Serve = std::function<void(const Request& request, Generation& generation)>;

/// Runs the job's request: warm-ups, then the time that counts, of which it returns the generation
/// and leaves the times in the meter. Collective: rank 0's request goes to all.
Generation serve(const Job& job, Network& network, const Serve& run);
/// The same in one process.
Generation serve(const Job& job, const Serve& run);

/// Calls batch(first, count) for the prompt's tokens, page by page.
template <typename Batch>
void for_each_batch(std::size_t tokens, const Batch& batch) {
  for (std::size_t first = 0; first < tokens; first += kPageTokens) {
    batch(first, std::min(kPageTokens, tokens - first));
  }
}

}  // namespace inference
