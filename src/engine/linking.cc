// Hellos, greetings and farewells.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include "base/transport_kit.h"
#include "engine/peers.h"
#include "engine/sealed.h"
#include "p2p/post.h"

namespace weft::engine {
namespace {

constexpr std::int64_t kFirstPauseNs = 200'000;
constexpr std::int64_t kLongestPauseNs = 50'000'000;

std::uint64_t seal_of(const Hello& hello) {
  return checksum(std::as_bytes(std::span(&hello, 1)).first(offsetof(Hello, seal))) | 1;
}

const std::byte* word_at(const std::uint64_t& word) {
  return reinterpret_cast<const std::byte*>(&word);
}

}  // namespace

int Peers::manage(std::int64_t now_ns) {
  transports_.progress();
  int moved = take_losses();
  if (active > 0) moved += take_hellos();
  for (std::size_t i = used_.size(); i-- > 0;) {
    const int number = used_[i];
    switch (peer(number).stage) {
      case Stage::connecting:
        moved += advance(number, now_ns);
        break;
      case Stage::up:
      case Stage::leaving:
        moved += check_farewell(number);
        break;
      case Stage::free:
      case Stage::down:
        break;
    }
  }
  return moved;
}

int Peers::advance(int number, std::int64_t now_ns) {
  Peer& mine = peer(number);
  const bool ready = mine.way->transport->connected(number);
  if (ready && (mine.segment.peer >= 0 || import_segment(number))) {
    if (take_greeting(number)) return 1;
    if (now_ns >= mine.next_hello_ns && (!mine.hello_left.valid() || mine.hello_left.done()))
      say_hello(number, now_ns);
  }
  if (mine.stage == Stage::connecting && now_ns - mine.since_ns > timeout_.count()) {
    lose(number, ErrorCode::timeout,
         fmt::format("it did not answer within {:.3g} s",
                     std::chrono::duration<double>(timeout_).count()));
    return 1;
  }
  return 0;
}

// False where that failed, and with it the peer.
bool Peers::import_segment(int number) {
  Peer& mine = peer(number);
  for (const NamedKey& key : mine.address.segment) {
    if (key.transport != mine.way->name) continue;
    const transport::Status status =
        mine.way->transport->import_memory(number, key.key, &mine.segment);
    if (status.ok() && mine.segment.bytes >= layout_of(mine).total()) return true;
    lose(number, ErrorCode::peer_failed,
         fmt::format("its memory: {}", status.ok() ? "less than it says" : status.message));
    return false;
  }
  lose(number, ErrorCode::peer_failed, "it has no memory that this transport reaches");
  return false;
}

void Peers::say_hello(int number, std::int64_t now_ns) {
  Peer& mine = peer(number);
  mine.hello_pause_ns = std::clamp(2 * mine.hello_pause_ns, kFirstPauseNs, kLongestPauseNs);
  mine.next_hello_ns = now_ns + mine.hello_pause_ns;
  if (!mine.hello_left.valid()) {
    mine.hello = std::make_shared<Hello>();
    mine.hello_left = links_.completions.take(number);
    mine.hello_left.keep(mine.hello);
  }
  *mine.hello = {self_.incarnation, mine.address.incarnation, static_cast<std::uint64_t>(number)};
  chance_ ^= chance_ << 13;
  chance_ ^= chance_ >> 7;
  chance_ ^= chance_ << 17;
  const SegmentLayout theirs = layout_of(mine);
  const p2p::RemoteSpan slot =
      p2p::span_of(mine.segment) + theirs.hello_offset((chance_ >> 16) % theirs.hellos());
  transport::Put put =
      p2p::make_put(mine.hello.get(), slot, offsetof(Hello, seal), mine.hello_left.word());
  p2p::add_signal(&put, slot + offsetof(Hello, seal), seal_of(*mine.hello));
  std::size_t posted = 0;
  (void)mine.way->transport->put({&put, 1}, &posted);
  mine.hello_left.asked(posted);
}

int Peers::take_hellos() {
  int moved = 0;
  for (std::size_t slot = 0; slot < layout_.hellos(); ++slot) {
    Hello& place = hello(slot);
    const std::uint64_t seal = transport::read_word(word_at(place.seal));
    if (seal == 0) continue;
    Hello found;
    std::memcpy(&found, &place, sizeof(found));
    place.seal = 0;
    if (found.to == self_.incarnation && seal == seal_of(found)) moved += take_hello(found) ? 1 : 0;
  }
  return moved;
}

// What is not heeded will be said again.
bool Peers::take_hello(const Hello& hello) {
  for (const int number : used_) {
    Peer& mine = peer(number);
    if (mine.stage != Stage::connecting || mine.address.incarnation != hello.from) continue;
    if (hello.number == 0 || hello.number >= mine.address.numbers || mine.segment.peer < 0)
      return false;
    mine.number_there = static_cast<int>(hello.number);
    if (!write_door(number, offsetof(Door, greeting), static_cast<std::uint16_t>(number)))
      return false;
    go_up(number);
    return true;
  }
  return false;
}

bool Peers::take_greeting(int number) {
  Peer& mine = peer(number);
  const std::uint64_t greeting = transport::read_word(word_at(door(number).greeting));
  const std::uint64_t there = greeting & 0xffff;
  if (!is_signed_by(greeting, mine.address.incarnation) || there == 0 ||
      there >= mine.address.numbers)
    return false;
  mine.number_there = static_cast<int>(there);
  go_up(number);
  return true;
}

// A word of this engine's door at the peer.
bool Peers::write_door(int number, std::size_t member, std::uint16_t what) {
  Peer& mine = peer(number);
  const std::size_t door = layout_of(mine).door_offset(static_cast<std::size_t>(mine.number_there));
  transport::Put put;
  p2p::add_signal(&put, p2p::span_of(mine.segment) + (door + member),
                  signed_by(self_.incarnation, what));
  std::size_t posted = 0;
  (void)mine.way->transport->put({&put, 1}, &posted);
  return posted == 1;
}

void Peers::go_up(int number) {
  Peer& mine = peer(number);
  p2p::Path& path = paths_[static_cast<std::size_t>(number)];
  path = p2p::path_over(*mine.way->transport, number);
  if (mine.segment.mapped != nullptr)
    path.bell = reinterpret_cast<std::atomic<std::uint32_t>*>(mine.segment.mapped);
  p2p::wake(path);
  mine.stage = Stage::up;
  note_connecting(-1);
  log_.info("{} is up", describe(number));
  events_.push_back({number, true, mine.address.name, ErrorCode::ok, {}});
  user_.went_up(number);
}

int Peers::check_farewell(int number) {
  Peer& mine = peer(number);
  const std::uint64_t word = transport::read_word(word_at(door(number).farewell));
  if (!is_signed_by(word, mine.address.incarnation)) return 0;
  const auto farewell = static_cast<Farewell>(word & 0xffff);
  if (mine.stage == Stage::leaving) {
    finish_leaving(number);
    return 1;
  }
  if (farewell != Farewell::leaving) return 0;
  write_door(number, offsetof(Door, farewell), static_cast<std::uint16_t>(Farewell::let_go));
  lose(number, ErrorCode::peer_failed, "it has left");
  return 1;
}

// It will not touch this engine's memory any more.
void Peers::finish_leaving(int number) {
  cut_off(number);
  release(number);
}

int Peers::take_losses() {
  if (reports_ == links_.failures.reports()) return 0;
  reports_ = links_.failures.reports();
  int taken = 0;
  const std::vector<int> numbers = used_;
  for (const int number : numbers) {
    const links::Failure* failure = links_.failures.of(number);
    const Stage stage = peer(number).stage;
    if (failure == nullptr || stage == Stage::down) continue;
    ++taken;
    stage == Stage::leaving ? finish_leaving(number)
                            : lose(number, ErrorCode::peer_failed, failure->cause);
  }
  return taken;
}

}  // namespace weft::engine
