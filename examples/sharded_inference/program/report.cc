#include "program/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cctype>
#include <numeric>

namespace inference {
namespace {

constexpr std::array<const char*, kPhases> kPhaseNames = {"prefill", "decode"};

struct Speed {
  double first_token_us, median_us, p99_us, tokens_per_second;
};

Speed speed_of(const Generation& generation) {
  std::vector<double> times = generation.token_us();
  const double total = std::accumulate(times.begin(), times.end(), 0.0);
  const double rate = times.empty() ? 0 : static_cast<double>(times.size()) / total * 1e6;
  return {generation.first_token_us(), quantile(times, 0.5), quantile(times, 0.99), rate};
}

std::string hex_of(const std::vector<int>& tokens) {
  std::string hex;
  for (const int token : tokens) hex += fmt::format("{:02x}", token);
  return hex;
}

std::string printable(const std::vector<int>& tokens) {
  std::string text;
  for (const int token : tokens)
    text += token < 128 && std::isprint(token) != 0 ? static_cast<char>(token) : '.';
  return text;
}

std::string path_lines(const Report& report) {
  std::string lines = fmt::format("{:>4} {:8} {:16} {:>7} {:>10} {:>10} {:>10}\n", "rank", "phase",
                                  "path", "calls", "total ms", "median us", "p99 us");
  const std::size_t header = lines.size();
  for (std::size_t rank = 0; rank < report.ranks.size(); ++rank) {
    for (std::size_t phase = 0; phase < kPhases; ++phase) {
      for (std::size_t path = 0; path < kPaths; ++path) {
        const Summary& summary = report.ranks[rank][phase][path];
        if (summary.calls == 0) continue;
        lines += fmt::format("{:4} {:8} {:16} {:7} {:10.3f} {:10.2f} {:10.2f}\n", rank,
                             kPhaseNames[phase], kPathNames[path], summary.calls,
                             summary.total / 1e3, summary.median, summary.p99);
      }
    }
  }
  return lines.size() == header ? std::string() : lines;
}

}  // namespace

RankSummary summarize(const Meter& meter) {
  RankSummary result;
  for (std::size_t phase = 0; phase < kPhases; ++phase) {
    for (std::size_t path = 0; path < kPaths; ++path) {
      result[phase][path] = meter.summary(static_cast<Phase>(phase), static_cast<Path>(path));
    }
  }
  return result;
}

std::vector<RankSummary> gather_summaries(Network& network, const Meter& meter) {
  std::vector<RankSummary> all(static_cast<std::size_t>(network.size()));
  all[static_cast<std::size_t>(network.rank())] = summarize(meter);
  for (int root = 0; root < network.size(); ++root) {
    network.broadcast(&all[static_cast<std::size_t>(root)], sizeof(RankSummary), root);
  }
  return all;
}

std::uint64_t hash_of(const std::vector<int>& tokens) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const int token : tokens) {
    hash = (hash ^ static_cast<std::uint64_t>(token)) * 0x100000001b3u;
  }
  return hash;
}

std::string as_text(const Report& report) {
  const Speed speed = speed_of(report.generation);
  const auto& tokens = report.generation.tokens();
  std::string text = fmt::format("{} over {}, {} ranks\n", name_of(report.form), report.library,
                                 report.ranks.size());
  text += fmt::format("tokens  {} of hash {:016x}\nhex     {}\ntext    {}\n", tokens.size(),
                      hash_of(tokens), hex_of(tokens), printable(tokens));
  text += fmt::format(
      "first token {:.2f} ms; then {:.0f} tokens/s (per token: median {:.1f} us, p99 {:.1f} us)\n",
      speed.first_token_us / 1e3, speed.tokens_per_second, speed.median_us, speed.p99_us);
  text += path_lines(report);
  if (report.identical) {
    text += fmt::format("tokens {} the single-process run's\n",
                        *report.identical ? "are identical to" : "DIFFER from");
  }
  return text;
}

std::string as_json(const Report& report) {
  const Speed speed = speed_of(report.generation);
  nlohmann::json json = {{"form", name_of(report.form)},
                         {"library", report.library},
                         {"ranks", report.ranks.size()},
                         {"hash", fmt::format("{:016x}", hash_of(report.generation.tokens()))},
                         {"tokens", report.generation.tokens().size()},
                         {"first_token_us", speed.first_token_us},
                         {"token_median_us", speed.median_us},
                         {"token_p99_us", speed.p99_us},
                         {"tokens_per_second", speed.tokens_per_second},
                         {"paths", nlohmann::json::array()}};
  if (report.identical) json["identical"] = *report.identical;
  for (std::size_t rank = 0; rank < report.ranks.size(); ++rank) {
    for (std::size_t phase = 0; phase < kPhases; ++phase) {
      for (std::size_t path = 0; path < kPaths; ++path) {
        const Summary& summary = report.ranks[rank][phase][path];
        if (summary.calls == 0) continue;
        json["paths"].push_back({{"rank", rank},
                                 {"phase", kPhaseNames[phase]},
                                 {"path", kPathNames[path]},
                                 {"calls", summary.calls},
                                 {"total_us", summary.total},
                                 {"median_us", summary.median},
                                 {"p99_us", summary.p99}});
      }
    }
  }
  return json.dump();
}

}  // namespace inference
