// What a user holds of a transfer of pages.
#include <weft/pages.h>

#include <utility>

#include "base/error.h"
#include "p2p/pages.h"

namespace weft {

PageTicket& PageTicket::operator=(PageTicket&& other) noexcept {
  std::swap(mover_, other.mover_);
  std::swap(transfer_, other.transfer_);
  return *this;
}

PageTicket::~PageTicket() {
  if (transfer_ != nullptr) mover_->forget(transfer_);
}

p2p::PageTransfer& PageTicket::transfer() const {
  if (transfer_ == nullptr)
    fail(ErrorCode::invalid_argument, "PageTicket: empty; PagePool makes them");
  return *transfer_;
}

bool PageTicket::done() {
  p2p::PageTransfer& mine = transfer();
  return mover_->done(&mine);
}

void PageTicket::wait() {
  wait(transfer_ == nullptr ? std::chrono::nanoseconds(0) : mover_->timeout());
}
void PageTicket::wait(std::chrono::nanoseconds timeout) {
  p2p::PageTransfer& mine = transfer();
  mover_->wait(&mine, timeout);
}

std::size_t PageTicket::cancel() {
  p2p::PageTransfer& mine = transfer();
  return mover_->cancel(&mine);
}

bool PageTicket::cancelled() const { return transfer().cancelled; }
std::size_t PageTicket::pages_gone() const { return transfer().pages_gone(); }
ErrorCode PageTicket::error() const { return transfer().outcome.code; }

}  // namespace weft
