// A forked process that runs a body, and a line of bytes to it that knows nothing of weft.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace weft::testing {

// Whole messages, in order. Throws std::runtime_error once the other end is gone.
class SideChannel {
 public:
  explicit SideChannel(int socket) : socket_(socket) {}
  void send(std::span<const std::byte> bytes);
  std::vector<std::byte> receive();
  // For "I am there".
  void tell() { send({}); }
  void hear() { receive(); }

 private:
  int socket_;
};

class OtherProcess {
 public:
  // An exception of the body is printed there and makes join() fail.
  explicit OtherProcess(const std::function<void(SideChannel&)>& body);
  // Kills it where it was not joined.
  ~OtherProcess();
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  SideChannel& line() { return line_; }
  int pid() const { return pid_; }
  // Sends a signal; SIGKILL is waited for.
  void signal(int number);
  // Waits until it has ended; whether its body returned.
  bool join();

 private:
  int sockets_[2];
  SideChannel line_;
  int pid_ = -1;
};

}  // namespace weft::testing
