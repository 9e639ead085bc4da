// The peers of an engine: how they connect, how they part, and what is known of each.
//
// A peer passes from connecting to up once both ends know their numbers (segment_layout.h), and to
// down by a failure, by its farewell, or where it does not answer. All of that happens in manage(),
// in steps that wait for nothing.
#pragma once

#include <weft/engine.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "engine/address.h"
#include "engine/segment_layout.h"
#include "links/links.h"
#include "p2p/endpoint.h"
#include "p2p/messages/messenger.h"
#include "transport/transports.h"

namespace weft::engine {

enum class Stage : std::uint8_t {
  free,
  connecting,
  up,
  down,
  leaving,  // removed; it has not let go of this engine's memory yet
};

struct Peer {
  Stage stage = Stage::free;
  Address address;
  const OpenTransport* way = nullptr;
  transport::RemoteMemory segment;  // peer -1: not imported
  int number_there = 0;             // of this engine at the peer
  std::string cause;                // why it is down
  std::int64_t since_ns = 0;
  std::shared_ptr<Hello> hello;  // the last one said, and whether it has left; null: none yet
  links::Completion hello_left;
  std::int64_t next_hello_ns = 0, hello_pause_ns = 0;
};

// Who hears at once of peers that have come up. Outlives the peers.
struct PeerUser {
  virtual ~PeerUser() = default;
  virtual void went_up(int number) = 0;
};

class Peers final : public Poller {
 public:
  // `self` describes this engine, `segment` is its segment. All outlives it.
  Peers(const Address& self, std::byte* segment, const Transports& transports, links::Links& links,
        PeerUser& user, const Log& log, std::chrono::nanoseconds timeout);
  // Says farewell to all that are up.
  ~Peers() override;
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  int numbers() const { return static_cast<int>(peers_.size()); }
  const Peer& operator[](int number) const { return peers_[static_cast<std::size_t>(number)]; }
  const p2p::Path& path(int number) const { return paths_[static_cast<std::size_t>(number)]; }
  p2p::MailboxMemory mailbox(int number) const;
  // "peer 'decode-1' over shm".
  std::string describe(int number) const;

  // The number of who has this name, connected or not; 0: nobody.
  int find(const std::string& name) const;
  // Throws Error(mismatch, invalid_argument) where it cannot be a peer at all or is an earlier
  // incarnation of one.
  void check(const Address& address) const;
  // Starts to connect under a free number. Throws Error(unsupported).
  void connect(const Address& address, int number);
  int free_number() const;  // 0: none
  // Ends it with a reason: its event is there afterwards. Nothing where it is neither up nor
  // connecting.
  void lose(int number, ErrorCode code, const std::string& reason);
  // Parts with a peer that is up. Who has this engine's memory mapped is told, and `leaving` until
  // it has let go or is gone, and its number is free; others are down at once.
  void leave(int number);
  // Gives the number of a peer back that is down, connecting, or left.
  void release(int number);

  // Moves all peers through their stages as far as they are due. Returns how many moved.
  int manage(std::int64_t now_ns);
  std::optional<PeerEvent> next_event();

  // While some peer connects, often; else now and then.
  int poll() override;
  void look(std::int64_t now_ns) override { manage(now_ns); }

 private:
  Peer& peer(int number) { return peers_[static_cast<std::size_t>(number)]; }
  Door& door(int number) {
    return *reinterpret_cast<Door*>(segment_ +
                                    layout_.door_offset(static_cast<std::size_t>(number)));
  }
  Hello& hello(std::size_t slot) {
    return *reinterpret_cast<Hello*>(segment_ + layout_.hello_offset(slot));
  }
  SegmentLayout layout_of(const Peer& that) const {
    return {that.address.numbers, static_cast<std::size_t>(that.address.mailbox_bytes)};
  }
  const OpenTransport* choose_way(const Address& address, int number, std::string* refusals);
  void clear_memory_of(int number);
  void cut_off(int number);
  void note_ways();
  void note_connecting(int more);
  std::int64_t now_ns() const { return links_.progress.clock().now_ns(); }

  // linking.cc
  int advance(int number, std::int64_t now_ns);
  bool import_segment(int number);
  void say_hello(int number, std::int64_t now_ns);
  int take_hellos();
  bool take_hello(const Hello& hello);
  bool take_greeting(int number);
  bool write_door(int number, std::size_t member, std::uint16_t what);
  void go_up(int number);
  int check_farewell(int number);
  int take_losses();
  void finish_leaving(int number);

  const Address& self_;
  std::byte* const segment_;
  const SegmentLayout layout_;
  const Transports& transports_;
  links::Links& links_;
  PeerUser& user_;
  const Log& log_;
  const std::chrono::nanoseconds timeout_;
  std::vector<Peer> peers_;       // by number; 0: this engine
  std::vector<p2p::Path> paths_;  // likewise
  std::vector<int> used_;         // numbers that are not free
  std::uint64_t reports_ = 0;     // of failures, that were seen
  std::deque<PeerEvent> events_;
  std::uint64_t chance_;  // xorshift: for slots
};

}  // namespace weft::engine
