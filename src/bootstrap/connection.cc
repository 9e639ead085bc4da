#include "bootstrap/connection.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace weft::bootstrap {
namespace {

bool try_again_later() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

bool Connection::receive() {
  std::array<std::byte, 65536> buffer;
  const ssize_t count = recv(fd(), buffer.data(), buffer.size(), 0);
  if (count > 0) {
    reader_.feed(std::span(buffer).first(static_cast<std::size_t>(count)));
    return true;
  }
  if (count < 0 && try_again_later()) return true;
  why_closed_ = count == 0 ? "end of stream" : std::strerror(errno);
  return false;
}

void Connection::send(std::shared_ptr<const Blob> bytes) { outgoing_.push_back(std::move(bytes)); }

bool Connection::flush() {
  while (!outgoing_.empty()) {
    const Blob& first = *outgoing_.front();
    const ssize_t count =
        ::send(fd(), first.data() + sent_, first.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      if (try_again_later()) return true;
      why_closed_ = std::strerror(errno);
      return false;
    }
    sent_ += static_cast<std::size_t>(count);
    if (sent_ == first.size()) {
      outgoing_.pop_front();
      sent_ = 0;
    }
  }
  return true;
}

std::shared_ptr<const Blob> make_frame(FrameKind kind, std::uint32_t rank, std::uint32_t number,
                                       std::span<const std::byte> payload) {
  auto bytes = std::make_shared<Blob>();
  append_frame(*bytes, kind, rank, number, payload);
  return bytes;
}

}  // namespace weft::bootstrap
