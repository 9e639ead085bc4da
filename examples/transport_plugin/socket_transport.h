// A weft transport over Unix-domain sockets, for the processes of one host.
//
// A put is a frame on a stream: a header that says where the bytes go and which word to change,
// then the bytes. The receiver's progress() stores them; TCP-like streams keep the order, so the
// word changes after the bytes. Each direction between two ranks has a connection of its own, which
// begins with the sender's name; the end of a connection is the end of its peer.
#pragma once

#include <weft/transport.h>

#include <array>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace weft_socket {

using namespace weft::transport;
using weft::ErrorCode;

// Abstract socket names are unique within a network namespace of a running kernel.
using Name = std::array<char, 12>;

// Where a rank listens.
struct Address {
  char boot_id[40] = {};
  JobIdentity job;
  std::uint64_t network_namespace = 0;
  std::uint32_t name_bytes = 0;
  Name name = {};  // chosen by the kernel; starts with a zero byte
};

// Travels before the bytes of each put. Both ends are the same host, so the layout is the
// compiler's.
struct Frame {
  std::uint64_t memory = 0;  // the receiver's number for it
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t signal_memory = 0;
  std::uint64_t signal_offset = 0;
  std::uint64_t signal_value = 0;
  Name sender = {};
  JobIdentity job;  // in the first frame
  SignalOp signal = SignalOp::none;
};

class SocketTransport final : public Transport {
 public:
  // Throws std::system_error; the plugin turns it into a Status.
  explicit SocketTransport(const OpenOptions& options);
  ~SocketTransport() override;

  Capabilities capabilities() const override;
  std::span<const std::byte> address() const override;
  Status connect(int peer, std::span<const std::byte> address) override;
  bool connected(int peer) const override;
  void disconnect(int peer) override;
  Status allocate(std::size_t bytes, LocalMemory* out) override;
  Status register_memory(void* address, std::size_t bytes, LocalMemory* out) override;
  void release(const LocalMemory& memory) override;
  Status import_memory(int peer, const MemoryKey& key, RemoteMemory* out) override;
  void release(const RemoteMemory&) override {}
  Status put(std::span<const Put> puts, std::size_t* posted) override;
  Status get(std::span<const Get> gets) override;
  int progress() override;

 private:
  // A put that the kernel has not taken completely.
  struct Outgoing {
    Frame frame;
    const std::byte* source = nullptr;
    std::uint64_t* completed = nullptr;
  };
  // What this rank sends to a peer, and where it hears of it.
  struct Peer {
    int fd = -1;
    int incoming = -1;
    Name name = {};
    std::deque<Outgoing> queue;
    std::size_t sent = 0;  // of the first in the queue, header included
    Status status = Status::error(ErrorCode::peer_failed, "not connected");
  };
  // What one peer sends to this rank.
  struct Incoming {
    int peer = -1;            // known with the first frame, once connect() was called
    bool introduced = false;  // the first frame has begun
    Frame frame;
    std::size_t received = 0;  // of the frame, header included
  };
  struct Memory {
    std::byte* address = nullptr;
    std::size_t bytes = 0;
    bool owned = false;
  };

  void listen();
  void watch(int fd, std::uint32_t events, int operation);
  void accept_all();
  bool adopt(int fd, Incoming& incoming);  // false: it waits, unread, until connect()
  void close_incoming(int fd);
  Status enqueue(Peer& peer, const Put& put);
  int flush(int number);                    // returns how many puts the kernel has taken
  int receive(int fd, Incoming& incoming);  // returns how many frames arrived
  bool apply(const Frame& frame);           // false: it points outside this rank's memory
  void end_of(int fd, const char* what);
  void fail(int peer, const char* what);
  std::byte* place(std::uint64_t memory, std::uint64_t offset, std::uint64_t bytes) const;
  LocalMemory expose(const Memory& memory);

  const OpenOptions options_;
  Address address_;
  int listener_ = -1;
  int epoll_ = -1;
  std::vector<Peer> peers_;
  std::unordered_map<int, Incoming> incoming_;  // by file descriptor
  std::unordered_map<std::uint64_t, Memory> memories_;
  std::uint64_t next_memory_ = 1;
};

}  // namespace weft_socket
