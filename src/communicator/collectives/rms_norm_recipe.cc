#include "communicator/collectives/rms_norm_recipe.h"
#include "communicator/agreement.h"

#include <fmt/format.h>

#include <algorithm>

#include "algorithms/table.h"
#include "base/float_environment.h"
#include "tuner/tuner.h"

namespace weft {

using algorithms::named;

namespace {

// Up to so many bytes, sent by each rank, everyone adds up everything where there are more than
// two.
constexpr std::size_t kMostSentBytes = std::size_t{64} << 10;
// Schedules of more ranks are not worth their making; and what adds up more than one step takes
// would round each part of a sum.
constexpr int kMostOneShotRanks = 64;
int most_one_shot_ranks(const RmsNormCall& call) {
  const executor::Call sum = call.call();
  return reduce::partial_shift(sum.type, sum.op) > 0 ? schedule::kMaxSources : kMostOneShotRanks;
}

const std::byte* at(const void* base, std::size_t offset) {
  return static_cast<const std::byte*>(base) + offset;
}
std::byte* at(void* base, std::size_t offset) { return static_cast<std::byte*>(base) + offset; }

}  // namespace

RmsNormRecipe::RmsNormRecipe(Communicator::Impl& owner, const RmsNormCall& call)
    : communicator_(owner),
      call_(call),
      kernel_(reduce::rms_norm_kernel(call.type)),
      wanted_(owner.programs->wanted(Collective::all_reduce)) {
  Announcement mine;
  mine.call = call.call().packed();
  mine.count = call.rows;
  mine.detail = call.detail();
  mine.input = owner.allocations->locate(call.input, call.bytes());
  mine.output = owner.allocations->locate(call.output, call.bytes());
  mine.second_output = owner.allocations->locate(call.norm.residual_output, call.bytes());
  const std::vector<Announcement> all = owner.announce(mine);
  mapped_ = owner.ranks() > 1 && owner.world().all_load_store() &&
            owner.map_peers(call.call(), all, &peers_);
  residual_mapped_ = mapped_ && std::ranges::all_of(all, [](const Announcement& a) {
                       return a.second_output.id != 0;
                     });
  compile();
  input_ = owner.registered(call.input, call.bytes());
  output_ = owner.registered(call.output, call.bytes());
}

void RmsNormRecipe::compile() {
  Programs& programs = *communicator_.programs;
  const int ranks = communicator_.ranks();
  const std::size_t bytes = call_.bytes();
  const auto program = [&](const algorithms::Algorithm& algorithm) {
    return &programs.compile_choice({&algorithm, Protocol::bulk, 1}, 0, bytes);
  };
  // One step of theirs writes to every rank.
  if (residual_mapped_ && ranks <= schedule::kMaxDestinations)
    by_owner_ = program(named(Collective::all_reduce, "two_shot_direct"));
  if (ranks > 1 && ranks <= most_one_shot_ranks(call_)) {
    by_everyone_ = program(named(Collective::all_reduce, "one_shot"));
    if (by_everyone_->max_chunk_bytes < call_.row_bytes()) by_everyone_ = nullptr;
  }
  const bool direct = mapped_ && (!wanted_.empty() || bytes >= communicator_.direct_bytes());
  for (int k = 0; k <= size_class(bytes); ++k)
    plain_.push_back(&programs.find(call_.call(), std::size_t{1} << k, direct));
}

RmsNormRecipe::Form RmsNormRecipe::form(std::size_t rows) const {
  const std::size_t bytes = rows * call_.row_bytes();
  const auto ranks = static_cast<std::size_t>(communicator_.ranks());
  const bool few = ranks == 2 || bytes <= kMostSentBytes / std::max<std::size_t>(ranks - 1, 1);
  const bool direct = bytes >= communicator_.direct_bytes();
  if (by_owner_ != nullptr && (wanted_.empty() ? direct : wanted_ == "two_shot_direct"))
    return Form::by_owner;
  if (by_everyone_ != nullptr && (wanted_.empty() ? few : wanted_ == "one_shot"))
    return Form::by_everyone;
  return Form::afterwards;
}

executor::Launch RmsNormRecipe::launch(std::size_t rows) const {
  executor::Call call = call_.call();
  call.count = rows;
  const int ranks = communicator_.ranks();
  const Form form = this->form(rows);
  executor::Launch launch;
  if (form == Form::afterwards) {
    const std::size_t elements = rows * call_.norm.hidden;
    const auto k = static_cast<std::size_t>(size_class(elements * size_of(call.type)));
    launch = Programs::launch_units(call, *plain_[k], ranks, elements, size_of(call.type));
  } else {
    const executor::Program& program = form == Form::by_owner ? *by_owner_ : *by_everyone_;
    launch = Programs::launch_units(call, program, ranks, rows, call_.row_bytes());
    launch.epilogue.context = this;
    launch.epilogue.run = [](const void* context, const executor::FinalBlock& block) {
      static_cast<const RmsNormRecipe*>(context)->finish(block);
    };
  }
  launch.input = static_cast<const std::byte*>(call_.input);
  launch.output = static_cast<std::byte*>(call_.output);
  launch.peer_inputs = peers_.inputs.data();
  launch.peer_outputs = peers_.outputs.data();
  return launch;
}

void RmsNormRecipe::attach(executor::Operation* operation) {
  operation->complete_context = this;
  operation->complete = [](executor::Operation* done, void* context) {
    if (done->launch.epilogue.run != nullptr) return;
    static_cast<const RmsNormRecipe*>(context)->norm_output(done->launch.call.count);
  };
}

void RmsNormRecipe::finish(const executor::FinalBlock& block) const {
  void* sums[schedule::kMaxDestinations];
  for (int d = 0; d < block.dst_count; ++d) {
    const int rank = block.dst_ranks[d];
    void* base = rank == communicator_.rank()
                     ? call_.norm.residual_output
                     : peers_.second_outputs[static_cast<std::size_t>(rank)];
    sums[d] = at(base, block.offset);
  }
  kernel_({.srcs = block.srcs,
           .src_count = block.src_count,
           .residual = at(call_.norm.residual, block.offset),
           .sums = sums,
           .dsts = block.dsts,
           .dst_count = block.dst_count,
           .weight = call_.norm.weight,
           .rows = block.bytes / call_.row_bytes(),
           .hidden = call_.norm.hidden,
           .epsilon = call_.norm.epsilon});
}

void RmsNormRecipe::norm_output(std::size_t rows) const {
  const FloatEnvironment environment;
  const void* src = call_.output;
  void* sum = call_.norm.residual_output;
  void* dst = call_.output;
  kernel_({.srcs = &src,
           .src_count = 1,
           .residual = call_.norm.residual,
           .sums = &sum,
           .dsts = &dst,
           .dst_count = 1,
           .weight = call_.norm.weight,
           .rows = rows,
           .hidden = call_.norm.hidden,
           .epsilon = call_.norm.epsilon});
}

std::string RmsNormRecipe::describe(std::size_t rows) const {
  constexpr const char* kWhere[] = {"by its owner", "by everyone", "afterwards"};
  return fmt::format("{}, normalised {}", weft::describe(launch(rows)),
                     kWhere[static_cast<int>(form(rows))]);
}

std::unique_ptr<Plan::State> plan_rms_norm(Communicator::Impl& communicator,
                                           const RmsNormCall& call) {
  together(communicator, "plan_all_reduce_rms_norm", [&] { check_arguments(call); });
  return std::make_unique<Plan::State>(communicator, call.call(),
                                       std::make_unique<RmsNormRecipe>(communicator, call));
}

}  // namespace weft
