// The TCP connections of a transport: one to each peer, over which queue pairs are set up and by
// whose end a dead peer is known at once. Nothing here blocks.
#pragma once

#include <weft/transport.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "wire.h"

namespace weft::verbs {

// How a connection ended.
enum class Loss : std::uint8_t {
  ended,        // the peer's process did, or there never was a way to it
  unreachable,  // nothing comes through: the network between may be down, and the peer alive
};

// What happens at a peer's connection; called by progress() alone.
struct ControlListener {
  virtual ~ControlListener() = default;
  virtual void received(int peer, const Frame& frame) = 0;
  virtual void lost(int peer, Loss loss, const std::string& cause) = 0;
};

class Control {
 public:
  // `gids`: the addresses of the devices, which peers may reach by TCP too.
  Control(int size, const std::vector<ibv_gid>& gids, ControlListener& listener);
  ~Control();

  // Not ok where no port could be listened on.
  const transport::Status& status() const { return status_; }
  // Fills in where this rank listens.
  void describe(Address* address) const;

  // Starts to connect: of two transports the one with the higher cookie dials, by its next
  // progress(). The peer may have dialled already.
  void connect(int peer, const Address& address);
  bool connected(int peer) const { return peers_[static_cast<std::size_t>(peer)].greeted; }
  // Frames are small and few: they fit the socket's buffer. Ignored where there is no connection.
  void send(int peer, const Frame& frame);
  // Closes the connection. The peer may be connected again, also by what it has dialled since.
  void drop(int peer);

  // Readable when progress() has something to do.
  int descriptor() const { return epoll_.get(); }

  // Takes what has arrived; returns how many events there were. One system call, and more only for
  // connections at which something happened.
  int progress();

 private:
  struct Connection {
    FileDescriptor fd;
    std::vector<std::byte> input;
  };
  struct Peer {
    Connection connection;
    bool dialled = false;  // the connection is on its way: a hello is to be sent
    bool greeted = false;
    std::size_t next_host = 0;
    Address address;
  };

  int settle();
  int handle(std::uint64_t token);
  void dial(int peer);
  int accept_all();
  int advance_dial(int peer);
  int read_peer(int peer);
  int read_stranger(std::uint64_t token);
  bool adopt(Connection* connection);
  void watch(int fd, std::uint32_t events, int operation, std::uint64_t token) const;
  void forget(Connection* connection) const;
  void lose(int peer, Loss loss, const std::string& cause);

  const std::uint64_t cookie_;
  ControlListener& listener_;
  transport::Status status_;
  FileDescriptor epoll_;
  FileDescriptor listening_;
  Address own_;
  std::vector<Peer> peers_;
  std::unordered_map<std::uint64_t, int> numbers_;  // of wanted peers, by their cookies
  // Accepted: have not said who they are, or are not wanted yet. By their tokens.
  std::unordered_map<std::uint64_t, Connection> strangers_;
  std::uint64_t next_stranger_;
  std::vector<int> unsettled_;  // peers to dial, or of whom something was read before they had one
};

}  // namespace weft::verbs
