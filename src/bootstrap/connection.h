// A TCP connection that carries frames, without ever blocking.
#pragma once

#include "bootstrap/frame.h"
#include "bootstrap/socket.h"

#include <deque>
#include <memory>
#include <string>

namespace weft::bootstrap {

class Connection {
 public:
  Connection(Socket socket, std::size_t max_payload)
      : socket_(std::move(socket)), reader_(max_payload) {}

  int fd() const { return socket_.fd(); }
  std::string remote() const { return remote_name(socket_); }
  FrameReader& reader() { return reader_; }

  // Moves what has arrived, at most one buffer full, to the reader. False: the stream is over, and
  // why_closed() says how; frames that had arrived are still there to read.
  bool receive();

  // Queues bytes that append_frame() made; flush() sends as much as the socket takes. False: the
  // stream is over, and why_closed() says how.
  void send(std::shared_ptr<const Blob> bytes);
  bool flush();
  bool sending() const { return !outgoing_.empty(); }

  const std::string& why_closed() const { return why_closed_; }

 private:
  Socket socket_;
  FrameReader reader_;
  std::deque<std::shared_ptr<const Blob>> outgoing_;
  std::size_t sent_ = 0;  // of the first in outgoing_
  std::string why_closed_;
};

// One frame, ready for Connection::send().
std::shared_ptr<const Blob> make_frame(FrameKind kind, std::uint32_t rank, std::uint32_t number,
                                       std::span<const std::byte> payload = {});

}  // namespace weft::bootstrap
