#include "communicator/collectives/collective_recipe.h"
#include "communicator/agreement.h"

#include "communicator/collectives/arguments.h"
#include "communicator/collectives/autotune.h"
#include "tuner/tuner.h"

namespace weft {

CollectiveRecipe::CollectiveRecipe(Communicator::Impl& owner, const Invocation& planned,
                                   const PlanOptions& options)
    : communicator_(owner), invocation_(planned) {
  const executor::Call& call = invocation_.call;
  Announcement mine = owner.announcement(invocation_);
  mine.detail = options.measure ? 1 : 0;
  const std::vector<Announcement> all = owner.announce(mine);
  direct_ = owner.may_be_direct(call) && owner.map_peers(call, all, &peers_);
  const int last = size_class(call.count * size_of(call.type));
  for (int k = 0; k <= last; ++k) {
    programs_.push_back(&owner.programs->find(call, std::size_t{1} << k, direct_));
  }
  if (options.measure && call.count > 0) programs_.back() = autotuned(owner, call, direct_);
  input_ = owner.registered(invocation_.input, buffer_bytes(call, owner.ranks()).input);
  output_ = owner.registered(invocation_.output, buffer_bytes(call, owner.ranks()).output);
}

executor::Launch CollectiveRecipe::launch(std::size_t count) const {
  executor::Call call = invocation_.call;
  call.count = count;
  const auto k = static_cast<std::size_t>(size_class(count * size_of(call.type)));
  executor::Launch launch = Programs::launch(call, *programs_[k], communicator_.ranks());
  launch.input = static_cast<const std::byte*>(invocation_.input);
  launch.output = static_cast<std::byte*>(invocation_.output);
  launch.peer_inputs = peers_.inputs.data();
  launch.peer_outputs = peers_.outputs.data();
  return launch;
}

std::unique_ptr<Plan::State> Communicator::Impl::plan(const Invocation& invocation,
                                                      const PlanOptions& options) {
  together(*this, "plan", [&] {
    check_arguments(invocation.call, rank(), ranks(), invocation.input, invocation.output);
  });
  return std::make_unique<Plan::State>(
      *this, invocation.call, std::make_unique<CollectiveRecipe>(*this, invocation, options));
}

}  // namespace weft
