#include "support/other_process.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace weft::testing {
namespace {

void check(bool whole) {
  if (!whole) throw std::runtime_error("the other process is gone");
}

int end_of(int sockets[2]) {
  check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
  return sockets[0];
}

}  // namespace

void SideChannel::send(std::span<const std::byte> bytes) {
  const std::uint64_t size = bytes.size();
  check(::send(socket_, &size, sizeof(size), MSG_NOSIGNAL) == sizeof(size));
  if (bytes.empty()) return;
  check(std::cmp_equal(::send(socket_, bytes.data(), size, MSG_NOSIGNAL), size));
}

std::vector<std::byte> SideChannel::receive() {
  std::uint64_t size = 0;
  check(::recv(socket_, &size, sizeof(size), MSG_WAITALL) == sizeof(size));
  std::vector<std::byte> bytes(size);
  if (size > 0) check(std::cmp_equal(::recv(socket_, bytes.data(), size, MSG_WAITALL), size));
  return bytes;
}

OtherProcess::OtherProcess(const std::function<void(SideChannel&)>& body)
    : line_(end_of(sockets_)), pid_(fork()) {
  if (pid_ != 0) {
    close(sockets_[1]);
    return;
  }
  close(sockets_[0]);
  SideChannel line(sockets_[1]);
  int status = 0;
  try {
    body(line);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "the other process: %s\n", error.what());
    status = 1;
  }
  std::fflush(nullptr);
  _exit(status);
}

OtherProcess::~OtherProcess() {
  if (pid_ > 0) signal(SIGKILL);
  close(sockets_[0]);
}

void OtherProcess::signal(int number) {
  kill(pid_, number);
  if (number == SIGKILL) join();
}

bool OtherProcess::join() {
  int status = 0;
  const bool ended = waitpid(std::exchange(pid_, -1), &status, 0) > 0;
  return ended && status == 0;
}

}  // namespace weft::testing
