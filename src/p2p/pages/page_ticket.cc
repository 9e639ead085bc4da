// What a user holds of a transfer of pages.
#include <weft/pages.h>

#include "base/handle.h"
#include "p2p/pages/pages.h"

namespace weft {

PageTicket PageTicket::State::ticket(std::shared_ptr<void> owner) {
  keeps = std::move(owner);
  PageTicket made;
  made.state_ = {this, [](State* state) {
                   const std::shared_ptr<void> until_it_is_forgotten = std::move(state->keeps);
                   state->mover.forget(state);
                 }};
  return made;
}

PageTicket::State& PageTicket::state() const {
  return filled(state_, "PageTicket", "PagePool::write_pages() or EnginePages::write_pages()");
}

bool PageTicket::done() { return state().mover.done(&state()); }

void PageTicket::wait() { wait(state().mover.timeout()); }
void PageTicket::wait(std::chrono::nanoseconds timeout) { state().mover.wait(&state(), timeout); }

std::size_t PageTicket::cancel() { return state().mover.cancel(&state()); }

bool PageTicket::cancelled() const { return state().cancelled; }
std::size_t PageTicket::pages_gone() const { return state().pages_gone(); }
ErrorCode PageTicket::error() const { return state().outcome.code; }

}  // namespace weft
