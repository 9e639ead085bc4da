#include "engine/links.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "p2p/post.h"

namespace weft::engine {

Links::Links(const Address& self, std::byte* pad, const Transports& transports, LinkUser& user,
             const Clock& clock, const Log& log, std::chrono::nanoseconds timeout)
    : self_(self),
      pad_(pad),
      layout_{self.numbers, static_cast<std::size_t>(self.mailbox_bytes)},
      transports_(transports),
      user_(user),
      clock_(clock),
      log_(log),
      timeout_(timeout),
      links_(self.numbers),
      paths_(self.numbers),
      chance_(self.incarnation | 1) {}

Links::~Links() {
  for (const int number : used_) {
    if (link(number).stage == Stage::up && path(number).load_store) leave(number);
  }
}

p2p::MailboxMemory Links::mailbox(int number) const {
  const Link& link = (*this)[number];
  const auto there = static_cast<std::size_t>(link.number_there);
  return {layout_.mailbox_bytes, pad_ + layout_.mailbox_offset(static_cast<std::size_t>(number)),
          p2p::span_of(link.pad) + layout_of(link).mailbox_offset(there)};
}

std::string Links::describe(int number) const {
  const Link& link = (*this)[number];
  if (link.stage == Stage::free) return fmt::format("peer {}, which there is not", number);
  return fmt::format("peer '{}' over {}", link.address.name,
                     link.way == nullptr ? "nothing" : link.way->name);
}

int Links::find(const std::string& name) const {
  for (const int number : used_) {
    const Link& link = (*this)[number];
    if (link.stage != Stage::leaving && link.address.name == name) return number;
  }
  return 0;
}

int Links::free_number() const {
  for (int number = 1; number < numbers(); ++number) {
    if ((*this)[number].stage == Stage::free) return number;
  }
  return 0;
}

void Links::check(const Address& address) const {
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
const OpenTransport* Links::choose_way(const Address& address, int number, std::string* refusals) {
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

void Links::connect(const Address& address, int number) {
  // A hello of an earlier connection with it may still be lying there.
  for (std::size_t slot = 0; slot < layout_.hellos(); ++slot) {
    if (hello(slot).from == address.incarnation) hello(slot) = {};
  }
  clear_memory_of(number);
  Link& mine = link(number);
  std::string refusals;
  mine.way = choose_way(address, number, &refusals);
  if (mine.way == nullptr) {
    fail(ErrorCode::unsupported, "add_peer: no transport reaches '{}'{}", address.name,
         refusals.empty() ? ": the two have none in common" : refusals);
  }
  mine.stage = Stage::connecting;
  mine.address = address;
  mine.since_ns = clock_.now_ns();
  ++connecting_;
  used_.push_back(number);
  note_ways();
}

void Links::clear_memory_of(int number) {
  door(number) = {};
  std::memset(pad_ + layout_.mailbox_offset(static_cast<std::size_t>(number)), 0,
              layout_.mailbox_bytes);
}

void Links::note_ways() {
  polled_.clear();
  for (const OpenTransport& open : transports_.all()) {
    const bool used = std::ranges::any_of(used_, [&](int number) {
      const Link& other = link(number);
      return other.way == &open && other.stage != Stage::down;
    });
    if (used && !open.transport->capabilities().load_store) polled_.push_back(open.transport);
  }
}

// A hello that is on its way completes no more.
void Links::cut_off(int number) {
  link(number).way->transport->disconnect(number);
  link(number).left = link(number).asked;
}

void Links::lose(int number, ErrorCode code, const std::string& reason) {
  Link& gone = link(number);
  if (gone.stage != Stage::connecting && gone.stage != Stage::up) return;
  if (gone.stage == Stage::connecting) --connecting_;
  gone.stage = Stage::down;
  gone.cause = reason;
  // From here on nothing moves on its behalf: what was to be moved may be used again.
  cut_off(number);
  log_.info("{} is down: {}", describe(number), reason);
  events_.push_back({number, false, gone.address.name, code, reason});
  note_ways();
}

void Links::leave(int number) {
  Link& left = link(number);
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

void Links::release(int number) {
  Link& old = link(number);
  if (old.stage == Stage::connecting) {
    --connecting_;
    cut_off(number);
  }
  if (old.pad.peer >= 0) old.way->transport->release(old.pad);
  old = {};
  paths_[static_cast<std::size_t>(number)] = {};
  std::erase(used_, number);
  note_ways();
}

int Links::progress() {
  int moved = 0;
  for (transport::Transport* transport : polled_) moved += transport->progress();
  return moved;
}

std::optional<PeerEvent> Links::next_event() {
  if (events_.empty()) return {};
  PeerEvent event = events_.front();
  events_.pop_front();
  return event;
}

}  // namespace weft::engine
