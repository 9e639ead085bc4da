#include "liveness.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/descriptor.h"

namespace weft::shm {

Liveness::~Liveness() {
  for (const pollfd& descriptor : descriptors_) close(descriptor.fd);
}

Liveness::Watch Liveness::watch(int peer, const ProcessId& process, const ProcessId& self) {
  if (same_process(process, self) || !shares_pids(process, self)) return Watch::unknown;
  const int fd = above_standard(static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0)));
  if (fd < 0 && errno == ESRCH) return Watch::gone;
  if (fd < 0) return errno == EMFILE || errno == ENFILE ? Watch::no_descriptor : Watch::unknown;
  // Asked now: the descriptor holds on to whoever has the pid.
  if (fate_of(process, self) == Fate::gone) {
    close(fd);
    return Watch::gone;
  }
  descriptors_.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  peers_.push_back(peer);
  return Watch::watched;
}

std::vector<int> Liveness::ended() {
  std::vector<int> result;
  if (descriptors_.empty() || poll(descriptors_.data(), descriptors_.size(), 0) <= 0) return result;
  for (std::size_t i = descriptors_.size(); i-- > 0;) {
    if (descriptors_[i].revents == 0) continue;
    result.push_back(peers_[i]);
    remove(i);
  }
  return result;
}

void Liveness::forget(int peer) {
  for (std::size_t i = peers_.size(); i-- > 0;) {
    if (peers_[i] == peer) remove(i);
  }
}

void Liveness::remove(std::size_t index) {
  close(descriptors_[index].fd);
  descriptors_.erase(descriptors_.begin() + static_cast<std::ptrdiff_t>(index));
  peers_.erase(peers_.begin() + static_cast<std::ptrdiff_t>(index));
}

}  // namespace weft::shm
