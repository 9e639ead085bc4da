#include "engine/endpoint.h"

namespace weft::engine {
namespace {

std::vector<transport::Transport*> all_of(const Transports& transports) {
  std::vector<transport::Transport*> all;
  for (const OpenTransport& open : transports.all()) all.push_back(open.transport);
  return all;
}

WaitPolicy chosen(WaitPolicy policy) {
  return policy == WaitPolicy::automatic ? WaitPolicy::spin : policy;
}

}  // namespace

PeerEndpoint::PeerEndpoint(Links& links, const Transports& transports,
                           std::atomic<std::uint32_t>& word, WaitPolicy policy, const Clock& clock,
                           std::chrono::nanoseconds timeout)
    : links_(links),
      clock_(clock),
      timeout_(timeout),
      patience_(limits_of(chosen(policy))),
      mapped_sleeper_(word, all_of(transports), false),
      polling_sleeper_(word, all_of(transports), true) {
  note_loss();  // there may always be one
}

const std::string* PeerEndpoint::failure(int peer) const {
  const Link& link = links_[peer];
  const bool gone = link.stage == Stage::down || link.stage == Stage::leaving;
  return gone ? &link.cause : nullptr;
}

int PeerEndpoint::progress() {
  int moved = links_.progress();
  for (Background* background : backgrounds_) {
    if (background->active > 0) moved += background->move_on();
  }
  if (links_.connecting()) look(clock_.now_ns());
  return moved;
}

void PeerEndpoint::look(std::int64_t now_ns) {
  constexpr std::int64_t kConnectingNs = 50'000;
  constexpr std::int64_t kPauseNs = 1'000'000;
  if (now_ns - looked_ns_ < (links_.connecting() ? kConnectingNs : kPauseNs)) return;
  looked_ns_ = now_ns;
  links_.manage(now_ns);
}

void PeerEndpoint::sleep(std::chrono::nanoseconds limit, const std::function<bool()>& ready) {
  (links_.polls() ? polling_sleeper_ : mapped_sleeper_).sleep(limit, ready);
}

}  // namespace weft::engine
