#include "engine/peers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "p2p/post.h"

namespace weft::engine {

Peers::Peers(const Address& self, std::byte* segment, const Transports& transports,
             links::Links& links, PeerUser& user, const Log& log, std::chrono::nanoseconds timeout)
    : self_(self),
      segment_(segment),
      layout_{self.numbers, static_cast<std::size_t>(self.mailbox_bytes)},
      transports_(transports),
      links_(links),
      user_(user),
      log_(log),
      timeout_(timeout),
      peers_(self.numbers),
      paths_(self.numbers),
      chance_(self.incarnation | 1) {
  links_.progress.add(this);
  note_connecting(0);
}

Peers::~Peers() {
  for (const int number : used_) {
    if (peer(number).stage == Stage::up && path(number).load_store) leave(number);
  }
  links_.progress.remove(this);
}

// `active` counts those that connect.
void Peers::note_connecting(int more) {
  constexpr std::chrono::microseconds kWhileConnecting{50};
  constexpr std::chrono::milliseconds kElse{1};
  active += more;
  links_.progress.look_every(active > 0 ? std::chrono::nanoseconds(kWhileConnecting)
                                        : std::chrono::nanoseconds(kElse));
}

int Peers::poll() {
  links_.progress.look(now_ns());
  return 0;
}

p2p::MailboxMemory Peers::mailbox(int number) const {
  const Peer& that = (*this)[number];
  const auto there = static_cast<std::size_t>(that.number_there);
  return {layout_.mailbox_bytes,
          segment_ + layout_.mailbox_offset(static_cast<std::size_t>(number)),
          p2p::span_of(that.segment) + layout_of(that).mailbox_offset(there)};
}

std::string Peers::describe(int number) const {
  const Peer& that = (*this)[number];
  if (that.stage == Stage::free) return fmt::format("peer {}, which there is not", number);
  return fmt::format("peer '{}' over {}", that.address.name,
                     that.way == nullptr ? "nothing" : that.way->name);
}

int Peers::find(const std::string& name) const {
  for (const int number : used_) {
    const Peer& that = (*this)[number];
    if (that.stage != Stage::leaving && that.address.name == name) return number;
  }
  return 0;
}

int Peers::free_number() const {
  for (int number = 1; number < numbers(); ++number) {
    if ((*this)[number].stage == Stage::free) return number;
  }
  return 0;
}

void Peers::check(const Address& address) const {
  if (address.incarnation == self_.incarnation)
    fail(ErrorCode::invalid_argument, "add_peer: this is the engine's own address");
  if (address.mailbox_bytes != self_.mailbox_bytes) {
    fail(ErrorCode::mismatch, "add_peer: '{}' has mailbox_bytes {}, this engine {}", address.name,
         address.mailbox_bytes, self_.mailbox_bytes);
  }
  const int known = find(address.name);
  if (known == 0) return;
  const Address& there = (*this)[known].address;
  if (address.incarnation == there.incarnation || address.epoch > there.epoch) return;
  fail(ErrorCode::mismatch,
       "add_peer: the address is of an earlier incarnation of '{}', which has been started again "
       "since",
       address.name);
}

// Both ends choose the same: the highest priority first, then by name.
const OpenTransport* Peers::choose_way(const Address& address, int number, std::string* refusals) {
  struct Choice {
    int priority;
    const OpenTransport* open;
    const Way* way;
  };
  std::vector<Choice> choices;
  for (const Way& way : address.ways) {
    const OpenTransport* open = transports_.find(way.transport);
    if (open != nullptr) choices.push_back({std::min(open->priority, way.priority), open, &way});
  }
  std::ranges::sort(choices, [](const Choice& a, const Choice& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.open->name < b.open->name;
  });
  for (const Choice& choice : choices) {
    const transport::Status status = choice.open->transport->connect(number, choice.way->address);
    if (status.ok()) return choice.open;
    *refusals += fmt::format("; {}: {}", choice.open->name, status.message);
  }
  return nullptr;
}

void Peers::connect(const Address& address, int number) {
  // A hello of an earlier connection with it may still be lying there.
  for (std::size_t slot = 0; slot < layout_.hellos(); ++slot) {
    if (hello(slot).from == address.incarnation) hello(slot) = {};
  }
  clear_memory_of(number);
  Peer& mine = peer(number);
  std::string refusals;
  mine.way = choose_way(address, number, &refusals);
  if (mine.way == nullptr) {
    fail(ErrorCode::unsupported, "add_peer: no transport reaches '{}'{}", address.name,
         refusals.empty() ? ": the two have none in common" : refusals);
  }
  links_.failures.route(number, mine.way->name);
  mine.stage = Stage::connecting;
  mine.address = address;
  mine.since_ns = now_ns();
  note_connecting(1);
  used_.push_back(number);
  note_ways();
}

void Peers::clear_memory_of(int number) {
  door(number) = {};
  std::memset(segment_ + layout_.mailbox_offset(static_cast<std::size_t>(number)), 0,
              layout_.mailbox_bytes);
}

void Peers::note_ways() {
  std::vector<transport::Transport*> used;
  for (const OpenTransport& open : transports_.all()) {
    const bool leads_somewhere = std::ranges::any_of(used_, [&](int number) {
      const Peer& other = peer(number);
      return other.way == &open && other.stage != Stage::down;
    });
    if (leads_somewhere) used.push_back(open.transport);
  }
  links_.progress.attend(std::move(used));
}

void Peers::cut_off(int number) {
  links_.disconnect(*peer(number).way->transport, number);
  peer(number).hello_left = {};
}

void Peers::lose(int number, ErrorCode code, const std::string& reason) {
  Peer& gone = peer(number);
  if (gone.stage != Stage::connecting && gone.stage != Stage::up) return;
  if (gone.stage == Stage::connecting) note_connecting(-1);
  gone.stage = Stage::down;
  gone.cause = reason;
  // From here on nothing moves on its behalf: what was to be moved may be used again.
  cut_off(number);
  log_.info("{} is down: {}", describe(number), reason);
  events_.push_back({number, false, gone.address.name, code, reason});
  note_ways();
}

void Peers::leave(int number) {
  Peer& left = peer(number);
  left.cause = "it was removed here";
  if (!path(number).load_store) {
    left.stage = Stage::down;
    cut_off(number);
    return note_ways();
  }
  constexpr int kTries = 1000;  // where its queue is full
  for (int tries = 0; tries < kTries; ++tries) {
    if (write_door(number, offsetof(Door, farewell), static_cast<std::uint16_t>(Farewell::leaving)))
      break;
    left.way->transport->progress();
  }
  p2p::wake(path(number));
  left.stage = Stage::leaving;
}

void Peers::release(int number) {
  Peer& old = peer(number);
  if (old.stage == Stage::connecting) {
    note_connecting(-1);
    cut_off(number);
  }
  if (old.segment.peer >= 0) old.way->transport->release(old.segment);
  links_.failures.forget(number);
  old = {};
  paths_[static_cast<std::size_t>(number)] = {};
  std::erase(used_, number);
  note_ways();
}

std::optional<PeerEvent> Peers::next_event() {
  if (events_.empty()) return {};
  PeerEvent event = events_.front();
  events_.pop_front();
  return event;
}

}  // namespace weft::engine
