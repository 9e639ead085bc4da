#include "tuner/cost.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tuner/simulation.h"

namespace weft::tuner {
namespace {

std::size_t max_chunk(const Workload& workload, const Message& message) {
  if (workload.slot_blocks() == 0 || message.slot_bytes == kUnlimited ||
      message.protocol == Protocol::packet) {
    return kUnlimited;
  }
  return message.slot_bytes / workload.slot_blocks() / 64 * 64;
}

void check(const Workload& workload, const Message& message, const Fabric& fabric) {
  if (workload.ranks() != fabric.ranks()) {
    fail(ErrorCode::invalid_argument, "a workload of {} ranks on a fabric of {}", workload.ranks(),
         fabric.ranks());
  }
  if (!message.bounds.empty() &&
      message.bounds.size() != static_cast<std::size_t>(workload.blocks()) + 1) {
    fail(ErrorCode::invalid_argument, "a table of {} bounds for {} blocks", message.bounds.size(),
         workload.blocks());
  }
  if (!fits(workload, message.slot_bytes) && message.protocol != Protocol::packet) {
    fail(ErrorCode::unsupported, "{} slots of a line do not fit {} bytes", workload.slot_blocks(),
         message.slot_bytes);
  }
  const bool mapped = fabric.costs.cache.load_store && fabric.costs.package.load_store &&
                      fabric.costs.host.load_store && fabric.hosts == 1;
  if (!mapped && (workload.direct() || message.protocol == Protocol::packet)) {
    fail(ErrorCode::unsupported, "{} need every rank mapped by every other",
         workload.direct() ? "direct schedules" : "packets");
  }
}

// The passes of a message in whole ones: the last, which may be short, takes something between a
// whole one and its share.
double whole_passes(const schedule::Partition& partition, int lanes) {
  if (partition.block_bytes == 0) return 1;
  const double filled = static_cast<double>(partition.block_bytes) /
                        (static_cast<double>(partition.chunk_bytes) * lanes);
  return (filled + partition.passes) / 2;
}

}  // namespace

bool fits(const Workload& workload, std::size_t slot_bytes) {
  return max_chunk(workload, {.slot_bytes = slot_bytes}) > 0;
}

schedule::Partition partition_of(const Workload& workload, const Message& message) {
  const schedule::Slicing slicing{workload.lanes(), max_chunk(workload, message)};
  if (!message.bounds.empty())
    return schedule::make_partition(message.bounds, message.element_bytes, slicing);
  return schedule::make_partition(workload.collective(), message.count, message.element_bytes,
                                  workload.blocks(), slicing);
}

Pricer::Pricer(const Fabric& fabric) : simulation_(std::make_unique<Simulation>(fabric)) {}
Pricer::~Pricer() = default;

Pricer::Outlook Pricer::run(const Workload& workload, const Message& message,
                            const schedule::Partition& partition, const PriceOptions& options) {
  const auto first = [&](int passes) {
    simulation_->run(workload, partition, message.protocol == Protocol::packet, passes,
                     options.details);
    return nanoseconds(simulation_->end());
  };
  constexpr int kFew = 4;
  constexpr int kSettled = 8;
  const int all = partition.passes;
  const int most = std::max(1, std::min(options.passes, all));
  if (options.every_pass || all <= std::min(kFew, most)) return {first(all), 0, all};
  Outlook outlook{first(1), 0, 1};
  outlook.further_ns = outlook.ns;
  int alike = 0;  // how often that did not change; once may be chance
  while (2 * outlook.passes <= most && (alike < 2 || outlook.passes < kSettled)) {
    const Outlook before = outlook;
    outlook.passes *= 2;
    outlook.ns = first(outlook.passes);
    outlook.further_ns = (outlook.ns - before.ns) / before.passes;
    const bool same = std::abs(outlook.further_ns - before.further_ns) <= 0.002 * before.further_ns;
    alike = same ? alike + 1 : 0;
  }
  return outlook;
}

Prediction Pricer::price(const Workload& workload, const Message& message,
                         const PriceOptions& options) {
  const Fabric& fabric = simulation_->fabric();
  check(workload, message, fabric);
  const schedule::Partition partition = partition_of(workload, message);
  const Outlook outlook = run(workload, message, partition, options);
  const double passes = whole_passes(partition, workload.lanes());
  const double rest =
      outlook.passes == partition.passes ? 0 : (passes - outlook.passes) * outlook.further_ns;
  const double share = outlook.passes == partition.passes ? 1 : passes / outlook.passes;
  const auto scaled = [share](double value) {
    return static_cast<std::uint64_t>(value * share + 0.5);
  };
  const Traffic& traffic = simulation_->traffic();
  Prediction prediction;
  prediction.ns = outlook.ns + rest;
  prediction.pass_ns = outlook.further_ns;
  prediction.passes = partition.passes;
  prediction.simulated_passes = outlook.passes;
  prediction.steps = workload.steps() * static_cast<std::uint64_t>(partition.passes);
  prediction.messages = scaled(static_cast<double>(traffic.messages()));
  prediction.network_bytes = scaled(traffic.bytes());
  if (!options.details) return prediction;
  for (int rank = 0; rank < fabric.ranks(); ++rank)
    prediction.finish_ns.push_back(nanoseconds(simulation_->rank_end(rank)) + rest);
  for (const double bytes : traffic.resource_bytes())
    prediction.resource_bytes.push_back(scaled(bytes));
  return prediction;
}

Prediction price(const Workload& workload, const Message& message, const Fabric& fabric,
                 const PriceOptions& options) {
  return Pricer(fabric).price(workload, message, options);
}

}  // namespace weft::tuner
