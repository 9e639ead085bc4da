#include "communicator/collectives/programs.h"

#include <fmt/format.h>
#include <weft/collective_traits.h>

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "base/float_environment.h"
#include "executor/packet.h"

namespace weft {

using executor::Call;
using executor::kPacketPayload;
using executor::Launch;
using executor::Program;

namespace {

unsigned partial_shift(const Call& call) {
  return traits_of(call.collective).reduces ? reduce::partial_shift(call.type, call.op) : 0;
}

// Packet blocks are never cut: their capacity was checked for the whole size class.
schedule::Slicing slicing_of(const Program& program, unsigned partial_shift) {
  schedule::Slicing slicing{.lanes = static_cast<int>(program.lanes.size())};
  if (program.protocol == Protocol::packet) return slicing;
  slicing.max_chunk_bytes = program.max_chunk_bytes;
  if (program.schedule.partials)
    slicing.max_chunk_bytes = slicing.max_chunk_bytes >> partial_shift & ~(kCacheLine - 1);
  return slicing;
}

}  // namespace

int size_class(std::size_t bytes) {
  return bytes <= 1 ? 0 : static_cast<int>(std::bit_width(bytes - 1));
}

bool Programs::wide_sums(const Call& call) const {
  return world_.ranks > 2 && partial_shift(call) > 0;
}

const Program& Programs::find(const Call& call, std::size_t bytes, bool direct) {
  const bool wide = wide_sums(call);
  const ChoiceKey key{call.collective, call.root, size_class(bytes), direct, wide};
  const auto found = chosen_.find(key);
  if (found != chosen_.end()) return *found->second;
  // All ranks find the same prices, whatever rounding each has set.
  const FloatEnvironment environment;
  const std::size_t rounded = bytes == 0 ? 0 : std::size_t{1} << size_class(bytes);
  const tuner::Choice choice = tuner_.select(query(call.collective, rounded, direct, wide));
  const Program& program = compile_choice(choice, call.root, rounded, wide);
  chosen_.emplace(key, &program);
  return program;
}

tuner::Query Programs::query(Collective collective, std::size_t bytes, bool direct,
                             bool wide_sums) const {
  tuner::Query query;
  query.collective = collective;
  query.bytes = bytes;
  query.direct = direct;
  query.wide_sums = wide_sums;
  query.algorithm = config_.options.algorithm;
  query.protocol = config_.protocol;
  if (const auto wish = preferences_.find(collective); wish != preferences_.end()) {
    const Preference& preference = wish->second;
    if (!preference.algorithm.empty()) query.algorithm = preference.algorithm;
    if (preference.protocol != Protocol::automatic) query.protocol = preference.protocol;
    query.lanes = preference.lanes;
    query.strict = !preference.algorithm.empty();
  }
  return query;
}

std::vector<const Program*> Programs::contenders(const Call& call, bool direct, std::size_t most) {
  // The model is rarely wrong by more.
  constexpr double kWorthTrying = 4;
  const FloatEnvironment environment;
  const std::size_t bytes = call.count * size_of(call.type);
  std::vector<const Program*> result = {&find(call, bytes, direct)};
  const std::size_t rounded = bytes == 0 ? 0 : std::size_t{1} << size_class(bytes);
  const tuner::Query asked = query(call.collective, rounded, direct, wide_sums(call));
  if (!asked.algorithm.empty() || asked.protocol != Protocol::automatic || asked.lanes > 0)
    return result;
  const std::vector<tuner::Candidate> priced = tuner_.candidates(asked);
  for (const tuner::Candidate& candidate : priced) {
    if (result.size() == most) break;
    if (candidate.predicted_ns > kWorthTrying * priced.front().predicted_ns) break;
    const Program* program = &compile_choice(candidate.choice, call.root, rounded, asked.wide_sums);
    if (std::ranges::find(result, program) == result.end()) result.push_back(program);
  }
  return result;
}

std::vector<Candidate> Programs::candidates(Collective collective, std::size_t bytes, bool direct) {
  const FloatEnvironment environment;
  tuner::Query query;
  query.collective = collective;
  query.bytes = bytes == 0 ? 0 : std::size_t{1} << size_class(bytes);
  query.direct = direct;
  const tuner::Choice chosen = tuner_.select(query);
  std::vector<Candidate> result;
  for (const tuner::Candidate& candidate : tuner_.candidates(query)) {
    const tuner::Choice& choice = candidate.choice;
    result.push_back({{std::string(choice.algorithm->name), choice.protocol, choice.lanes},
                      candidate.predicted_ns / 1e3,
                      choice == chosen});
  }
  return result;
}

void Programs::prefer(Collective collective, const Preference& preference) {
  if (!preference.algorithm.empty() &&
      algorithms::find(collective, preference.algorithm) == nullptr) {
    fail(ErrorCode::invalid_argument,
         "prefer: {} has no algorithm '{}'; `weft-schedule list` names them", name_of(collective),
         preference.algorithm);
  }
  if (preference.lanes < 0 || preference.lanes > memory::kLanes) {
    fail(ErrorCode::invalid_argument, "prefer: {} lanes; there are 1 to {}, or 0 for any",
         preference.lanes, memory::kLanes);
  }
  preferences_[collective] = preference;
  std::erase_if(chosen_, [&](const auto& entry) { return std::get<0>(entry.first) == collective; });
}

const Program& Programs::compile_choice(const tuner::Choice& choice, int root, std::size_t bytes,
                                        bool wide_sums) {
  algorithms::PlanInput input;
  input.collective = choice.algorithm->collective;
  input.rank = world_.rank;
  input.ranks = world_.ranks;
  input.root = root;
  input.load_store = world_.all_load_store();
  input.wide_sums = wide_sums;
  input.shape = &tuner_.situation().shape;
  const auto compiled = [&](int wished, Form form) -> const Program& {
    const int lanes = std::min(wished, world_.layout.lanes);
    input.lanes = lanes;
    return compile({choice.algorithm, root, lanes, form, wide_sums}, input);
  };
  if (choice.protocol == Protocol::bulk) return compiled(choice.lanes, Form::bulk);
  // One lane: the segment has packets for one.
  const schedule::Schedule schedule = choice.algorithm->make(input);
  const schedule::Partition partition =
      schedule::make_partition(input.collective, bytes, 1, schedule.blocks, {.lanes = 1});
  const std::size_t longest =
      partition.longest() * (wide_sums && schedule.partials ? schedule::kWideSum : 1);
  if (longest > executor::max_packet_block_bytes(schedule, world_.layout))
    return compiled(choice.lanes, Form::bulk);
  return compiled(1, longest <= kPacketPayload ? Form::line : Form::packets);
}

const Program& Programs::compile(const ProgramKey& key, const algorithms::PlanInput& input) {
  auto& program = compiled_[key];
  if (program != nullptr) return *program;
  program = made(key, input);
  if (key.algorithm->trails && key.form != Form::bulk && input.ranks > 1) {
    algorithms::PlanInput trailing = input;
    trailing.trails = true;
    trailing_.push_back(made(key, trailing));
    program->trailing = trailing_.back().get();
  }
  return *program;
}

std::unique_ptr<Program> Programs::made(const ProgramKey& key, const algorithms::PlanInput& input) {
  const schedule::Schedule schedule = key.algorithm->make(input);
  executor::ProgramOptions options;
  options.protocol = key.form == Form::bulk ? Protocol::bulk : Protocol::packet;
  options.packet_block_bytes = key.form == Form::line
                                   ? kPacketPayload
                                   : executor::max_packet_block_bytes(schedule, world_.layout);
  options.wide_sums = key.wide_sums;
  options.streamed_bytes = tuner_.situation().cached_bytes;
  return executor::compile(schedule, options, world_);
}

Launch Programs::launch(const Call& call, bool direct) {
  return launch(call, find(call, call.count * size_of(call.type), direct), world_.ranks);
}

Launch Programs::launch(const Call& call, const Program& program, int ranks) {
  return launch_units(call, program, ranks, call.count, size_of(call.type));
}

Launch Programs::launch_units(const Call& call, const Program& program, int ranks,
                              std::size_t units, std::size_t unit_bytes) {
  const unsigned shift = unit_bytes == size_of(call.type) ? partial_shift(call) : 0;
  Launch launch =
      launch_of(call, program, ranks,
                schedule::make_partition(call.collective, units, unit_bytes,
                                         program.schedule.blocks, slicing_of(program, shift)),
                shift);
  launch.unit_bytes = unit_bytes;
  return launch;
}

Launch Programs::launch_parts(const Call& call, const Program& program, int ranks,
                              std::span<const std::size_t> bounds) {
  const unsigned shift = partial_shift(call);
  return launch_of(call, program, ranks,
                   schedule::make_partition(bounds, size_of(call.type), slicing_of(program, shift)),
                   shift);
}

Launch Programs::launch_of(const Call& call, const Program& program, int ranks,
                           const schedule::Partition& partition, unsigned partial_shift) {
  Launch launch;
  launch.call = call;
  launch.program = &program;
  launch.partition = partition;
  launch.unit_bytes = size_of(call.type);
  launch.element_shift = static_cast<unsigned>(std::countr_zero(size_of(call.type)));
  launch.divisor = call.op == ReduceOp::avg ? ranks : 1;
  if (traits_of(call.collective).reduces) launch.kernel = reduce::kernel(call.type, call.op);
  launch.partial_shift = partial_shift;
  if (partial_shift > 0) launch.partial_kernel = reduce::partial_kernel(call.type, call.op);
  executor::complete(&launch);
  launch.streaming = launch.partition.total >= program.streamed_bytes;
  return launch;
}

std::string describe(const Launch& launch) {
  const Program& program = *launch.program;
  return fmt::format("{}, {}{}, {} lane{}, {} pass{}", program.schedule.algorithm,
                     program.protocol == Protocol::packet ? "packet" : "bulk",
                     launch.streaming ? ", streaming" : "", program.lanes.size(),
                     program.lanes.size() == 1 ? "" : "s", launch.partition.passes,
                     launch.partition.passes == 1 ? "" : "es");
}

}  // namespace weft
