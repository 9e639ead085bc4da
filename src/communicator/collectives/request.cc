#include "communicator/collectives/request.h"

namespace weft {

CollectiveRequest::CollectiveRequest(Communicator::Impl& owner, const Invocation& invocation)
    : keeps(owner.shared_from_this()), communicator(owner) {
  if (invocation.call.count == 0) return;
  if (owner.may_be_direct(invocation.call)) {
    meeting_ = std::make_unique<Meeting>(owner, operation);
    meeting_->prepare(invocation);
  } else {
    operation.launch = owner.staged_launch(invocation);
  }
  owner.executor->start(&operation);
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
