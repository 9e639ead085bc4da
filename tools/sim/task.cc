#include "task.h"

#include <weft/collective_traits.h>

#include <algorithm>
#include <bit>

namespace weft::tools {

bool all_mapped(const tuner::Fabric& fabric) { return fabric.hosts == 1; }

algorithms::PlanInput plan_of(const Sweep& sweep, const SimOptions& options, int lanes) {
  algorithms::PlanInput plan;
  plan.collective = sweep.collective;
  plan.ranks = options.ranks();
  plan.root = options.root;
  plan.lanes = lanes;
  plan.load_store = all_mapped(sweep.fabric);
  plan.shape = &sweep.fabric.shape;
  return plan;
}

void Task::run(const std::function<void(std::size_t, const Price&)>& found) const {
  constexpr std::size_t kTwoLanesBytes = std::size_t{64} << 10;
  const tuner::Workload workload(*candidate_->algorithm, plan_of(*sweep_, *options_, lanes_));
  tuner::Pricer pricer(sweep_->fabric);
  Last last;
  for (std::size_t i = 0; i < sweep_->sizes.size(); ++i) {
    if (options_->lanes == 0 && lanes_ > 1 && sweep_->sizes[i] < kTwoLanesBytes) continue;
    tuner::Message message = message_of(sweep_->sizes[i]);
    if (fits(workload)) found(i, bulk(workload, message, pricer, last));
    message.protocol = Protocol::packet;
    if (packets_fit(workload, message))
      found(i, price_of(pricer.price(workload, message), Protocol::packet));
  }
}

bool Task::fits(const tuner::Workload& workload) const {
  const memory::SegmentLayout& layout = sweep_->segment.layout;
  return workload.slots() <= layout.slots && lanes_ <= layout.lanes &&
         tuner::fits(workload, layout.lane_bytes);
}

tuner::Message Task::message_of(std::size_t bytes) const {
  const CollectiveTraits& traits = traits_of(sweep_->collective);
  const auto element = static_cast<std::size_t>(options_->element_bytes);
  std::size_t count = bytes / element;
  if (traits.block_per_rank()) count /= static_cast<std::size_t>(options_->ranks());
  if (traits.moves_data()) count = std::max<std::size_t>(count, 1);
  return {
      .count = count, .element_bytes = element, .slot_bytes = sweep_->segment.layout.lane_bytes};
}

// Messages that are cut into the same chunks differ in their number of passes alone.
Price Task::bulk(const tuner::Workload& workload, const tuner::Message& message,
                 tuner::Pricer& pricer, Last& last) const {
  const schedule::Partition partition = tuner::partition_of(workload, message);
  const auto cache = sweep_->fabric.costs.compute.cache_bytes;
  const std::size_t chunk = partition.chunk_bytes * 2 + (partition.total > cache ? 1 : 0);
  tuner::Prediction& known = last.prediction;
  if (chunk == last.chunk && known.passes > known.simulated_passes) {
    known.ns += (partition.passes - known.passes) * known.pass_ns;
    known.passes = partition.passes;
  } else {
    known = pricer.price(workload, message, {.passes = most_passes()});
  }
  last.chunk = chunk;
  return price_of(known, Protocol::bulk);
}

// 1 + 2 + 4 + ... of them are run, see PriceOptions.
int Task::most_passes() const {
  const double affordable =
      options_->max_steps / static_cast<double>(std::max<std::uint64_t>(steps(), 1));
  return static_cast<int>(
      std::bit_floor(static_cast<unsigned>(std::clamp((affordable + 1) / 2, 1.0, 64.0))));
}

// As the executor decides (executor::max_packet_block_bytes).
bool Task::packets_fit(const tuner::Workload& workload, const tuner::Message& message) const {
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kPayload = 56;
  if (!all_mapped(sweep_->fabric) || workload.direct() || lanes_ > 1) return false;
  const std::size_t units = workload.slot_blocks() + static_cast<std::size_t>(workload.slots());
  if (units == 0) return false;
  return tuner::partition_of(workload, message).longest() <=
         sweep_->segment.layout.packet_bytes / kLine / units * kPayload;
}

Price Task::price_of(const tuner::Prediction& prediction, Protocol protocol) const {
  return {.ns = prediction.ns,
          .lanes = lanes_,
          .protocol = protocol,
          .passes = prediction.passes,
          .simulated_passes = prediction.simulated_passes};
}

}  // namespace weft::tools
