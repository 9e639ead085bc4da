#include "communicator/collectives/request.h"

#include <utility>

#include "tuner/rules.h"

namespace weft {

CollectiveRequest::CollectiveRequest(Communicator::Impl& owner, const Invocation& call)
    : keeps(owner.shared_from_this()), communicator(owner), invocation(call) {
  if (call.call.count == 0) return;
  if (owner.announces(call.call, tuner::kAnnouncedBytes)) announce();
  if (announced_ == nullptr) operation.launch = owner.staged_launch(call);
  owner.executor->start(&operation);
}

void CollectiveRequest::announce() {
  announced_ = std::make_unique<Announced>();
  announced_->mine = communicator.announcement(invocation);
  announced_->all.resize(static_cast<std::size_t>(communicator.ranks()));
  announced_->operation.launch =
      communicator.gather_launch(&announced_->mine, announced_->all.data(), sizeof(Announcement));
  operation.prepare_context = this;
  operation.prepare = [](executor::Operation*, void* context) {
    static_cast<CollectiveRequest*>(context)->choose();
  };
  communicator.executor->start(&announced_->operation);
}

void CollectiveRequest::choose() {
  communicator.check_same_call(announced_->all);
  PeerBuffers& peers = announced_->peers;
  const bool direct = communicator.map_peers(invocation.call, announced_->all, &peers);
  operation.launch = direct ? communicator.programs->launch(invocation.call, true)
                            : communicator.staged_launch(invocation);
  operation.launch.input = static_cast<const std::byte*>(invocation.input);
  operation.launch.output = static_cast<std::byte*>(invocation.output);
  operation.launch.peer_inputs = peers.inputs.data();
  operation.launch.peer_outputs = peers.outputs.data();
}

CollectiveRequest::~CollectiveRequest() {
  try {
    communicator.executor->wait(&operation);
  } catch (const Error&) {
    // The executor is poisoned and has forgotten the operation; later calls say so.
  }
}

bool Request::test() { return state_ == nullptr || state_->test(); }

void Request::wait() {
  if (state_ != nullptr) state_->wait(state_->default_timeout());
}

void Request::wait(std::chrono::nanoseconds timeout) {
  if (state_ != nullptr) state_->wait(timeout);
}

Received Request::received() const { return state_ == nullptr ? Received{} : state_->received(); }

}  // namespace weft
