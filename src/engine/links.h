// The peers of an engine: how they connect, how they part, and what is known of each.
//
// A peer passes from connecting to up once both ends know their numbers (pad.h), and to down by a
// failure, by its farewell, or where it does not answer. All of that happens in manage(), in steps
// that wait for nothing.
#pragma once

#include <weft/engine.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "engine/address.h"
#include "engine/pad.h"
#include "p2p/endpoint.h"
#include "p2p/messenger.h"
#include "transport/transports.h"

namespace weft::engine {

enum class Stage : std::uint8_t {
  free,
  connecting,
  up,
  down,
  leaving,  // removed; it has not let go of this engine's memory yet
};

struct Link {
  Stage stage = Stage::free;
  Address address;
  const OpenTransport* way = nullptr;
  transport::RemoteMemory pad;  // peer -1: not imported
  int number_there = 0;         // of this engine at the peer
  std::string cause;            // why it is down
  std::int64_t since_ns = 0;
  // The hello on its way: asked for and left.
  Hello hello;
  std::uint64_t asked = 0, left = 0;
  std::int64_t next_hello_ns = 0, hello_pause_ns = 0;
};

// Who hears at once of peers that have come up. Outlives the links.
struct LinkUser {
  virtual ~LinkUser() = default;
  virtual void went_up(int number) = 0;
};

class Links {
 public:
  // `self` describes this engine, `pad` is its pad. All outlives it.
  Links(const Address& self, std::byte* pad, const Transports& transports, LinkUser& user,
        const Clock& clock, const Log& log, std::chrono::nanoseconds timeout);
  // Says farewell to all that are up.
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  int numbers() const { return static_cast<int>(links_.size()); }
  const Link& operator[](int number) const { return links_[static_cast<std::size_t>(number)]; }
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

  // From a transport's callback: only noted.
  void note_loss(const std::string& transport, int number, const std::string& cause) {
    losses_.push_back({transport, number, cause});
  }
  // Moves on transports that deliver only then. Returns how many things moved.
  int progress();
  // All of them, and what is due; now and then.
  int manage(std::int64_t now_ns);
  bool connecting() const { return connecting_ > 0 || !losses_.empty(); }
  std::optional<PeerEvent> next_event();
  // Whether some peer is seen only by calling its transport.
  bool polls() const { return !polled_.empty(); }

 private:
  struct Loss {
    std::string transport;
    int number;
    std::string cause;
  };

  Link& link(int number) { return links_[static_cast<std::size_t>(number)]; }
  Door& door(int number) {
    return *reinterpret_cast<Door*>(pad_ + layout_.door_offset(static_cast<std::size_t>(number)));
  }
  Hello& hello(std::size_t slot) {
    return *reinterpret_cast<Hello*>(pad_ + layout_.hello_offset(slot));
  }
  PadLayout layout_of(const Link& link) const {
    return {link.address.numbers, static_cast<std::size_t>(link.address.mailbox_bytes)};
  }
  const OpenTransport* choose_way(const Address& address, int number, std::string* refusals);
  void clear_memory_of(int number);
  void cut_off(int number);
  void note_ways();

  // linking.cc
  int advance(int number, std::int64_t now_ns);
  bool import_pad(int number);
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
  std::byte* const pad_;
  const PadLayout layout_;
  const Transports& transports_;
  LinkUser& user_;
  const Clock& clock_;
  const Log& log_;
  const std::chrono::nanoseconds timeout_;
  std::vector<Link> links_;       // by number; 0: this engine
  std::vector<p2p::Path> paths_;  // likewise
  std::vector<int> used_;         // numbers that are not free
  std::vector<transport::Transport*> polled_;
  std::vector<Loss> losses_;
  std::deque<PeerEvent> events_;
  int connecting_ = 0;
  std::uint64_t chance_;  // xorshift: for slots
};

}  // namespace weft::engine
