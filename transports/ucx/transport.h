// weft over UCX: everything that UCP reaches (TCP, shared memory, InfiniBand, RoCE).
//
// A put is one active message: its header names the place and the signal, its data are the bytes.
// UCP sends small ones eagerly and fetches large ones straight into place (rendezvous). Bytes are
// placed when they come, signals are applied in the order of their numbers once the bytes of their
// puts are there: so nothing is assumed of the order among UCP's protocols and lanes.
//
// Both ends of a connection count their own, and say hello with that and with what they have heard
// of the other's; whoever hears something new answers. A peer whose hello names this end's
// connection is connected. All other messages name the link of the two, so that what is late from
// an earlier one is not taken for the new one's. An endpoint outlives connections where it can: UCP
// pairs the endpoints of two workers by their order, which ends that close one alone would upset.
#pragma once

#include <weft/transport.h>

#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/descriptor.h"
#include "base/transport_kit.h"
#include "memories.h"
#include "worker.h"

namespace weft::ucx {

class Transport final : public transport::Transport {
 public:
  // `queue`: puts that may be on their way to one peer.
  Transport(const transport::OpenOptions& options, std::size_t queue);
  ~Transport() override;

  // Not ok where open() must fail.
  const transport::Status& status() const { return worker_.status(); }

  transport::Capabilities capabilities() const override;
  std::span<const std::byte> address() const override { return address_; }
  transport::Status connect(int peer, std::span<const std::byte> address) override;
  bool connected(int peer) const override;
  void disconnect(int peer) override;
  transport::Status allocate(std::size_t bytes, transport::LocalMemory* out) override;
  transport::Status register_memory(void* address, std::size_t bytes,
                                    transport::LocalMemory* out) override;
  void release(const transport::LocalMemory& memory) override;
  transport::Status import_memory(int peer, const transport::MemoryKey& key,
                                  transport::RemoteMemory* out) override;
  void release(const transport::RemoteMemory& memory) override;
  transport::Status put(std::span<const transport::Put> puts, std::size_t* posted) override;
  transport::Status get(std::span<const transport::Get> gets) override;
  int progress() override;
  void arm() override;

 private:
  // A message on its way, or bytes that are being fetched.
  struct Operation {
    Transport* transport = nullptr;
    int peer = -1;  // -1: free, or of one that is disconnected
    Header header;
    std::uint64_t* completed = nullptr;  // raised by one at the end; may be null
  };
  // A get that was not asked for yet. Its caller keeps the memory that it names for the call alone.
  struct WaitingGet {
    transport::Get get;  // without its source
    Spot source;
  };
  struct Peer {
    Transport* transport = nullptr;
    int rank = -1;
    bool known = false;           // connect() succeeded
    bool heard = false;           // it has heard of this end's connection
    std::uint64_t cookie = 0;     // of its address
    std::uint64_t ours = 0;       // this end's connection, from 1 on
    std::uint64_t theirs = 0;     // its own; 0: not heard of
    std::uint64_t link = 0;       // of the two; 0: none
    std::uint32_t as_sender = 0;  // its number for this transport
    ucp_ep_h endpoint = nullptr;
    std::size_t outstanding = 0;
    std::uint32_t sent = 0;                   // the next put's number
    std::uint32_t applied = 0;                // the number of the next signal to apply
    std::map<std::uint32_t, Header> waiting;  // whose bytes are there, before their turn
    // What waits for room at this peer, in any number; others' does not wait for it.
    std::deque<WaitingGet> gets;
    std::deque<Header> answers;  // to its gets, by their requests
    bool waits = false;          // it is among those that wait
    std::string lost;            // what UCP said; not reported yet
    bool closed = false;         // it said leave or bye
    bool told = false;           // it was told bye
    transport::Status failure;
  };
  // The endpoint to a transport, by its cookie.
  struct Line {
    Transport* transport = nullptr;
    int number = -1;  // of the peer; -1: it is not connected
    ucp_ep_h endpoint = nullptr;
    bool broken = false;  // UCP has given it up, or the peer has closed its own
  };
  struct Asked {
    int peer;
    transport::Get get;  // without its source
  };

  // connect.cc
  ucs_status_t open_endpoint(Line& line, std::span<const std::byte> worker);
  bool holds_memory(int peer) const;
  void drop_work(int peer);
  static void* close_endpoint(ucp_ep_h endpoint, bool by_force);
  void cut_off(Peer& peer, Line& line);
  int drop_broken_lines();
  void say_bye();
  void close_endpoints();
  template <typename Condition>
  void progress_until(const Condition& condition);
  // send.cc
  transport::Status put_here(const transport::Put& put);
  Spot spot_of(const transport::RemoteMemory& memory, std::uint64_t offset) const;
  Operation* operation(int peer, Kind kind);
  void greet(Peer& peer, Kind kind, bool closes = false);
  int send_greetings();
  bool send(Operation* operation, const void* data, std::size_t bytes);
  void finish(Operation* operation, bool raise);
  static void on_sent(void* request, ucs_status_t status, void* operation);
  bool has_room(const Peer& peer) const { return peer.outstanding < queue_; }
  void wait_for_room(Peer& peer);
  void send_get(Peer& peer, const WaitingGet& get);
  void send_answer(Peer& peer, const Header& request);
  bool send_waiting(Peer& peer);
  int send_waiting();
  // arrive.cc
  static ucs_status_t on_message(void* self, const void* header, std::size_t header_bytes,
                                 void* data, std::size_t bytes, const ucp_am_recv_param_t* param);
  static void on_fetched(void* request, ucs_status_t status, std::size_t bytes, void* operation);
  void take_greeting(const Header& header);
  ucs_status_t take(const Header& header, void* data, std::size_t bytes, bool fetch);
  std::byte* place_of(const Header& header, std::size_t bytes, std::uint64_t** completed);
  void placed(Peer& peer, const Header& header);
  bool apply(Peer& peer, const Header& header);
  // failure.cc
  void give_up(Line& line);
  static void on_error(void* line, ucp_ep_h endpoint, ucs_status_t status);
  void lose(Peer& peer, const std::string& cause);
  int report_losses();

  const transport::OpenOptions options_;
  const std::size_t queue_;
  StandardDescriptors standard_;  // UCX opens sockets at any time
  Worker worker_;
  std::vector<std::byte> address_;
  std::uint64_t cookie_ = 0;
  Memories memories_;
  transport::Imports<Key> imports_;
  std::vector<Peer> peers_;
  std::unordered_map<std::uint64_t, Line> lines_;  // stay where they are
  bool broken_lines_ = false;                      // there may be some without a peer
  std::uint64_t connections_ = 0;                  // so far
  std::vector<int> to_greet_;                      // peers of whose connection something was heard
  std::deque<Operation> operations_;               // stay where they are
  std::vector<Operation*> free_operations_;
  std::vector<int> waiting_;              // peers with gets or answers that wait for room
  std::map<std::uint32_t, Asked> asked_;  // gets without an answer, by their token
  std::uint32_t next_token_ = 0;
  int losses_ = 0;        // peers that UCP gave up, not reported yet
  bool closing_ = false;  // who would be told of failures may be gone already
};

}  // namespace weft::ucx
