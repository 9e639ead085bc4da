/// What a run tells about itself.
#pragma once

#include "parallel/generation.h"
#include "parallel/meter.h"
#include "program/options.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace inference {

/// One rank's communication. Plain data.
using RankSummary = std::array<std::array<Summary, kPaths>, kPhases>;

/// Collective: every rank's summary, at all ranks.
std::vector<RankSummary> gather_summaries(Network& network, const Meter& meter);
RankSummary summarize(const Meter& meter);

struct Report {
  std::string library;  ///< "weft", "openmpi", ...; "none" for a single process
  Form form;
  std::vector<RankSummary> ranks;
  const Generation& generation;
  std::optional<bool> identical;  ///< with the single-process run, where that was checked
};

/// FNV-1a over the tokens.
std::uint64_t hash_of(const std::vector<int>& tokens);

std::string as_text(const Report& report);
/// One line.
std::string as_json(const Report& report);

}  // namespace inference
