// Send and receive with tags, over a mailbox for each peer. See wire.h for how messages travel.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "p2p/endpoint.h"
#include "p2p/messages/mailbox.h"
#include "p2p/messages/matching.h"
#include "p2p/messages/requests.h"
#include "p2p/wait.h"
#include "progress/poller.h"
#include "reduce/reduce.h"

namespace weft::p2p {

// The memory of one peer's mailbox here, and of this process's at the peer.
struct MailboxMemory {
  std::size_t bytes = 0;
  std::byte* own = nullptr;
  RemoteSpan theirs;
};

class Messenger final : public Poller {
 public:
  // `unexpected_bytes`: kept of each sender. All outlives it.
  Messenger(Endpoint& endpoint, std::function<MailboxMemory(int peer)> memory,
            std::size_t unexpected_bytes);
  ~Messenger() override;

  // Blocking. Throw Error(timeout), Error(peer_failed), Error(mismatch).
  void send(const void* data, std::size_t bytes, int peer, int tag,
            std::chrono::nanoseconds timeout);
  Received receive(void* data, std::size_t room, int source, int tag,
                   std::chrono::nanoseconds timeout);

  // Requests stay until forget(); `data` belongs to them until they are done.
  SendRequest* start_send(const void* data, std::size_t bytes, int peer, int tag);
  ReceiveRequest* start_receive(void* data, std::size_t room, int source, int tag);
  // Whether it is done. Throws what it met.
  template <typename Request>
  bool test(Request* request) {
    if (!request->outcome.done) turn();
    throw_failure(request->outcome);
    return request->outcome.done;
  }
  void wait(SendRequest* request, std::chrono::nanoseconds timeout);
  void wait(ReceiveRequest* request, std::chrono::nanoseconds timeout);
  // Gives a request up: withdraws it where that is still possible, else tells the peer. Its memory
  // may be written to until then only by mapped peers that are just copying.
  void forget(SendRequest* request);
  void forget(ReceiveRequest* request);
  // The same, but not before it is sent.
  void forget_when_sent(SendRequest* request);

  std::optional<Received> probe(int source, int tag);

  // For peers that come and go. From open() on, messages of a peer are looked for.
  void open(int number) { peer(number); }
  // Whether all that was started to a peer has gone.
  bool idle(int number) const;
  // Ends what is under way with a peer, whose transport lets go of everything, and forgets it: its
  // number may be another's.
  void reset(int number, const std::string& cause);

  int poll() override;

 private:
  // Something to say that has no request of its own.
  struct Control {
    Kind kind = Kind::finish;
    std::uint32_t label = 0;
    std::vector<std::byte> payload;
  };
  struct Peer {
    std::deque<Control> controls;
    std::list<SendRequest> sends;
    // Sent ones whose bytes a transport may still read, and their puts. Both taken at first use.
    std::shared_ptr<std::deque<Control>> leaving;
    links::Completion left;
    std::string lost;   // why; empty: it is not
    bool owes = false;  // counted in `active`
    // Null: not used yet. Its end waits for what has not left, so it goes first.
    std::unique_ptr<Mailbox> box;
  };

  Peer& peer(int number);
  void open_all();
  bool quick_send(int number, const void* data, std::size_t bytes, int tag);
  bool quick_receive(int source, void* data, std::size_t room, int tag, Received* received);

  int move_on(int number);
  int move_peer(int number, Peer& peer);
  void turn();
  void notice_failures();
  void lose(int number, const std::string& cause);
  void note_debt(Peer& peer);

  // outgoing.cc
  static bool send_control(Peer& peer, Kind kind, std::uint32_t label,
                           std::span<const std::byte> payload);
  int flush_controls(Peer& peer);
  int advance_sends(Peer& peer);
  bool asks_first(int number, const void* data, std::size_t bytes) const;
  bool begin_send(Peer& peer, SendRequest& request);
  int advance_transfer(Peer& peer, SendRequest& request);
  const links::Completion& left_of(SendRequest& request);
  int send_pieces(Peer& peer, SendRequest& request);
  int post_puts(SendRequest& request);
  int advance_copy(int number, Copy& copy);
  bool reaches(int number) const;
  void accept(int number, const Accept& accept);
  void import_target(SendRequest& request);
  void settle(SendRequest& request);
  void confirm_cancelled(Peer& peer, SendRequest& request);
  void release_memory(SendRequest& request);
  SendRequest* find_send(int number, std::uint32_t sending);

  // incoming.cc
  int take_arrivals(int number, Peer& peer);
  bool handle(int number, const Arrived& arrived);
  bool take_message(int source, const Arrived& arrived);
  bool take_ask(int source, const Arrived& arrived);
  void complete(ReceiveRequest& request, int source, int tag, const std::byte* data,
                std::size_t bytes) const;
  void begin_transfer(ReceiveRequest& request, int source, int tag, const Ask& ask);
  Accept plan_transfer(ReceiveRequest& request, int source, const Ask& ask);
  void take_piece(int source, const Arrived& arrived);
  void take_finish(int number, const Arrived& arrived);
  void give_up(int number, const Finish& finish, Kind kind);
  void tell_given_up(int number, const Finish& finish);
  int advance_receives();
  void settle(ReceiveRequest& request);
  void sweep_receives();
  void release_memory(ReceiveRequest& request);
  ReceiveRequest* find_receive(int source, std::uint32_t receiving);

  template <typename Payload>
  void say(Peer& peer, Kind kind, std::uint32_t label, const Payload& payload);
  template <typename Request>
  void await_request(Request* request, const Awaited& awaited, std::size_t bytes, int number,
                     std::chrono::nanoseconds timeout);
  static reduce::Store store_for(std::size_t message_bytes);
  [[noreturn]] void rethrow(const Error& error, std::size_t bytes, int tag, int number) const;
  static void throw_failure(const Outcome& outcome);
  void sweep(Peer& peer);

  Endpoint& endpoint_;
  const std::function<MailboxMemory(int)> memory_;
  std::vector<Peer> peers_;
  std::vector<int> open_;  // peers with a mailbox
  Matching matching_;
  std::list<ReceiveRequest> receives_;
  std::uint32_t last_number_ = 0;
  unsigned polls_ = 0;
};

template <typename Payload>
void Messenger::say(Peer& peer, Kind kind, std::uint32_t label, const Payload& payload) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(&payload, 1));
  if (peer.controls.empty() && peer.box->mapped() && send_control(peer, kind, label, bytes)) return;
  peer.controls.push_back({kind, label, {bytes.begin(), bytes.end()}});
  ++active;
  flush_controls(peer);
}

}  // namespace weft::p2p
