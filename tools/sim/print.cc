#include "print.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "perf/common/sizes.h"
#include "tuner/bound.h"

namespace weft::tools {
namespace {

// Three digits and a unit.
std::string format_time(double ns) {
  constexpr const char* kUnits[] = {"ns", "us", "ms", "s"};
  int unit = 0;
  while (ns >= 999.5 && unit < 3) {
    ns /= 1000;
    ++unit;
  }
  const int digits = ns >= 99.95 ? 0 : ns >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", ns, digits, kUnits[unit]);
}

const char* name_of(Protocol protocol) { return protocol == Protocol::packet ? "packet" : "bulk"; }

tuner::Bound bound_of(const Sweep& sweep, std::size_t size) {
  return tuner::lower_bound(sweep.collective, static_cast<double>(sweep.sizes[size]), sweep.fabric);
}

// A name in pieces, to stand above a narrow column.
std::vector<std::string> pieces(std::string_view name) {
  std::vector<std::string> list;
  std::size_t from = 0;
  while (from <= name.size()) {
    const std::size_t end = std::min(name.find('_', from), name.size());
    list.emplace_back(name.substr(from, end - from));
    from = end + 1;
  }
  return list;
}

std::string plural(int number, const char* what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

void print_heading(const Sweep& sweep, const SimOptions& options) {
  const tuner::Costs& costs = sweep.fabric.costs;
  fmt::print("{}, {}: {} x {}, {}\n", weft::name_of(sweep.collective),
             plural(options.ranks(), "rank"), plural(options.hosts, "host"),
             plural(options.ranks_per_host, "rank"), options.fabric);
  const tuner::Link& wire = costs.network;
  if (options.hosts > 1) {
    fmt::print("between hosts: {} a message, {} of {:g} Gb/s\n",
               format_time(wire.send_ns + wire.latency_ns + wire.receive_ns),
               plural(costs.nics, "NIC"), options.nic_gbps);
  }
  fmt::print("shared memory: {} a rank{}\n\n", perf::format_size(sweep.segment.shared_bytes),
             options.shared_bytes.empty() && sweep.segment.shared_bytes > std::size_t{4} << 20
                 ? " (WEFT_SHARED_BYTES; 4 MiB by default, which holds few chunks for so many)"
                 : "");
}

std::vector<const SimulatedAlgorithm*> priced(const Sweep& sweep) {
  std::vector<const SimulatedAlgorithm*> list;
  for (const SimulatedAlgorithm& candidate : sweep.candidates) {
    if (candidate.left_out.empty()) list.push_back(&candidate);
  }
  return list;
}

// Names above their columns, the last pieces in one line.
void print_names(const std::vector<const SimulatedAlgorithm*>& columns, int width,
                 int winner_width) {
  std::size_t height = 1;
  for (const SimulatedAlgorithm* column : columns)
    height = std::max(height, pieces(column->algorithm->name).size());
  for (std::size_t line = 0; line < height; ++line) {
    const bool last = line + 1 == height;
    std::string text = fmt::format("{:>9}", last ? "size" : "");
    for (const SimulatedAlgorithm* column : columns) {
      const std::vector<std::string> name = pieces(column->algorithm->name);
      const std::size_t skipped = height - name.size();
      text += fmt::format("{:>{}}", line < skipped ? "" : name[line - skipped], width);
    }
    if (last)
      text += fmt::format("  {:<{}}{:>9}{:>10}", "winner", winner_width, "bound", "winner/it");
    fmt::print("{}\n", text.substr(0, text.find_last_not_of(' ') + 1));
  }
}

void print_row(const Sweep& sweep, std::size_t size,
               const std::vector<const SimulatedAlgorithm*>& columns, int width, int winner_width) {
  fmt::print("{:>9}", perf::format_size(sweep.sizes[size]));
  for (const SimulatedAlgorithm* column : columns) {
    const std::optional<Price>& price = column->prices[size];
    const std::string text =
        price ? (price->rough() ? "~" : "") + format_time(price->ns) : std::string("-");
    fmt::print("{:>{}}", text, width);
  }
  const SimulatedAlgorithm* winner = sweep.winner(size);
  const double bound = bound_of(sweep, size).ns();
  const double ns = winner == nullptr ? 0 : winner->prices[size]->ns;
  fmt::print("  {:<{}}{:>9}{:>10}\n", winner == nullptr ? "-" : winner->algorithm->name,
             winner_width, format_time(bound), bound > 0 ? fmt::format("{:.2f}", ns / bound) : "-");
}

void print_left_out(const Sweep& sweep) {
  bool first = true;
  for (const SimulatedAlgorithm& candidate : sweep.candidates) {
    if (candidate.left_out.empty()) continue;
    fmt::print("{}  {}: {}\n", first ? "\nleft out\n" : "", candidate.algorithm->name,
               candidate.left_out);
    first = false;
  }
}

bool any_rough(const Sweep& sweep) {
  for (const SimulatedAlgorithm& candidate : sweep.candidates) {
    for (const auto& price : candidate.prices) {
      if (price && price->rough()) return true;
    }
  }
  return false;
}

}  // namespace

void print_table(const Sweep& sweep, const SimOptions& options) {
  print_heading(sweep, options);
  const std::vector<const SimulatedAlgorithm*> columns = priced(sweep);
  std::size_t width = 9, winner_width = 8;
  for (const SimulatedAlgorithm* column : columns) {
    winner_width = std::max(winner_width, column->algorithm->name.size() + 1);
    for (const std::string& piece : pieces(column->algorithm->name))
      width = std::max(width, piece.size() + 1);
  }
  print_names(columns, static_cast<int>(width), static_cast<int>(winner_width));
  for (std::size_t size = 0; size < sweep.sizes.size(); ++size)
    print_row(sweep, size, columns, static_cast<int>(width), static_cast<int>(winner_width));
  if (any_rough(sweep)) fmt::print("\n~ one pass, times their number\n");
  print_left_out(sweep);
}

void print_csv(const Sweep& sweep) {
  fmt::print("bytes,algorithm,ns,lanes,protocol,passes,simulated_passes,winner,bound_ns\n");
  for (std::size_t size = 0; size < sweep.sizes.size(); ++size) {
    const double bound = bound_of(sweep, size).ns();
    for (const SimulatedAlgorithm& candidate : sweep.candidates) {
      const std::optional<Price>& price = candidate.prices[size];
      if (!price) continue;
      fmt::print("{},{},{:.3f},{},{},{},{},{},{:.3f}\n", sweep.sizes[size],
                 candidate.algorithm->name, price->ns, price->lanes, name_of(price->protocol),
                 price->passes, price->simulated_passes, &candidate == sweep.winner(size) ? 1 : 0,
                 bound);
    }
  }
}

void print_json(const Sweep& sweep, const SimOptions& options) {
  using nlohmann::ordered_json;
  ordered_json sizes = ordered_json::array();
  for (std::size_t size = 0; size < sweep.sizes.size(); ++size) {
    ordered_json prices = ordered_json::object();
    for (const SimulatedAlgorithm& candidate : sweep.candidates) {
      const std::optional<Price>& price = candidate.prices[size];
      if (!price) continue;
      prices[std::string(candidate.algorithm->name)] = {
          {"ns", price->ns},
          {"lanes", price->lanes},
          {"protocol", name_of(price->protocol)},
          {"passes", price->passes},
          {"simulated_passes", price->simulated_passes}};
    }
    const SimulatedAlgorithm* winner = sweep.winner(size);
    const tuner::Bound bound = bound_of(sweep, size);
    ordered_json row = {{"bytes", sweep.sizes[size]}, {"prices", prices}};
    if (winner != nullptr) row["winner"] = winner->algorithm->name;
    row["bound_ns"] = bound.ns();
    row["bound_is"] = bound.name();
    sizes.push_back(row);
  }
  ordered_json left_out = ordered_json::object();
  for (const SimulatedAlgorithm& candidate : sweep.candidates) {
    if (!candidate.left_out.empty())
      left_out[std::string(candidate.algorithm->name)] = candidate.left_out;
  }
  const ordered_json json = {{"collective", weft::name_of(sweep.collective)},
                             {"hosts", options.hosts},
                             {"ranks_per_host", options.ranks_per_host},
                             {"fabric", options.fabric},
                             {"shared_bytes", sweep.segment.shared_bytes},
                             {"sizes", sizes},
                             {"left_out", left_out}};
  fmt::print("{}\n", json.dump(2));
}

}  // namespace weft::tools
