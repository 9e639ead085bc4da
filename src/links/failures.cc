#include "links/failures.h"

namespace weft::links {

void Failures::peer_failed(const std::string& transport, int peer, const std::string& cause) {
  failures_.emplace(std::pair(peer, transport), Failure{cause, clock_.now_ns()});
  ++reports_;
}

void Failures::forget(int peer) {
  std::erase_if(failures_, [peer](const auto& entry) { return entry.first.first == peer; });
  routes_[static_cast<std::size_t>(peer)].clear();
}

const Failure* Failures::find(const std::string& transport, int peer) const {
  const auto found = failures_.find({peer, transport});
  return found == failures_.end() ? nullptr : &found->second;
}

const Failure* Failures::of(int peer) const {
  if (failures_.empty()) return nullptr;
  for (const int who : {peer, kEveryPeer}) {
    if (const Failure* gone = find(kAnyTransport, who); gone != nullptr) return gone;
    const std::string& route = routes_[static_cast<std::size_t>(peer)];
    if (route.empty()) continue;
    if (const Failure* gone = find(route, who); gone != nullptr) return gone;
  }
  return nullptr;
}

}  // namespace weft::links
