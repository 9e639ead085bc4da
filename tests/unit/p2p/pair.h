// Two endpoints of one process over a real transport, driven by one thread: what two processes do
// to each other, in an order that the test chooses.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "p2p/endpoint.h"
#include "p2p/messages/messenger.h"
#include "transport/fault.h"
#include "transport/loader.h"

namespace weft::p2p {

// What goes first in the endpoint: it outlives the transport.
struct OwnLinks {
  SteadyClock clock;
  links::Links own{clock, 2};
};

class TestEndpoint final : OwnLinks, public Endpoint, Poller {
 public:
  // A built-in transport: "shm" maps memory, "sim" does not. "scarce" is the latter with room for
  // few puts.
  TestEndpoint(const std::string& transport, int rank);
  ~TestEndpoint() override;

  int self() const override { return rank_; }
  int peers() const override { return 2; }
  const Path& path(int) const override { return path_; }
  std::string describe(int peer) const override { return "rank " + std::to_string(peer); }
  const std::string* failure(int) const override { return failure_.empty() ? nullptr : &failure_; }
  SharedPlace locate(const void* address, std::size_t bytes) const override;
  std::byte* mapped(int peer, const SharedPlace& place, std::size_t bytes) const override;
  std::chrono::nanoseconds timeout() const override { return patient_for; }

  transport::Transport& transport() { return *transport_; }
  links::Links& shared_links() { return OwnLinks::own; }
  void fail_peer(const std::string& cause) {
    failure_ = cause;
    note_loss();
  }
  // Memory that locate() and the other side's mapped() know.
  void share(std::byte* memory, std::size_t bytes) {
    shared_ = memory;
    shared_bytes_ = bytes;
  }
  TestEndpoint* other = nullptr;
  std::chrono::milliseconds patient_for{5000};
  // "scarce": how many puts each progress() makes room for, up to so many.
  std::uint64_t room = 1;

 private:
  // Makes room, where it is scarce.
  int poll() override;

  const int rank_;
  const transport::Plugin* plugin_ = nullptr;
  transport::Transport* opened_ = nullptr;
  std::unique_ptr<transport::FaultyTransport> scarce_;
  transport::Transport* transport_ = nullptr;  // one of these
  Path path_;
  std::string failure_;
  std::byte* shared_ = nullptr;
  std::size_t shared_bytes_ = 0;
};

// Both, connected, each with `bytes` of memory that the other writes to.
class Pair {
 public:
  Pair(const std::string& transport, std::size_t bytes);
  ~Pair();

  TestEndpoint& end(int rank) { return *ends_[rank]; }
  std::byte* own(int rank) { return static_cast<std::byte*>(memory_[rank].address); }
  // The other's memory, as `rank` reaches it.
  RemoteSpan theirs(int rank) {
    return {&remote_[rank], 0, static_cast<std::byte*>(remote_[rank].mapped)};
  }
  std::unique_ptr<Messenger> messenger(int rank, std::size_t unexpected_bytes = 1 << 20);
  void progress() {
    ends_[0]->progress();
    ends_[1]->progress();
  }

 private:
  std::size_t bytes_;
  std::unique_ptr<TestEndpoint> ends_[2];
  transport::LocalMemory memory_[2];
  transport::RemoteMemory remote_[2];
};

}  // namespace weft::p2p
