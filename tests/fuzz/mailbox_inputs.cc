// Messages that make sense to the rank that gets them, more or less.
#include <iterator>

#include "fuzz/mailbox_input.h"
#include "fuzz/target.h"
#include "p2p/messages/wire.h"

namespace weft::fuzz {
namespace {

using p2p::Kind;

template <typename Value>
void append(Input& input, const Value& value) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&value);
  input.insert(input.end(), bytes, bytes + sizeof(value));
}

void append_step(Input& input, Step step) { input.push_back(static_cast<unsigned char>(step)); }

// Most are ones that there are.
std::uint32_t some_number(Random& random) {
  return random.below(8) == 0 ? random.word() : static_cast<std::uint32_t>(random.below(5));
}
std::uint64_t some_bytes(Random& random) {
  constexpr std::uint64_t kLengths[] = {0,          1,      kSmall,     kSmall + 1, 705,
                                        kLarge / 2, kLarge, kLarge + 1, ~0ull};
  return kLengths[random.below(std::size(kLengths))];
}
p2p::SharedPlace some_place(Random& random) {
  return {random.below(3), random.below(2) == 0 ? 0 : some_bytes(random)};
}

template <typename Payload>
void append_slot(Input& input, Kind kind, std::uint32_t label, std::uint32_t credits,
                 const Payload& payload) {
  // A third each: by the ring, and by the memory of either.
  const std::size_t way = input.size() % 3;
  append_step(input, way == 0 ? Step::slot : Step::migratory);
  if (way != 0) input.push_back(static_cast<unsigned char>(way));
  input.push_back(static_cast<unsigned char>(kind));
  input.push_back(sizeof(payload));
  append(input, label);
  append(input, credits);
  append(input, payload);
}

p2p::Accept some_accept(Random& random) {
  p2p::Accept accept;
  accept.sending = some_number(random);
  accept.receiving = some_number(random);
  accept.way = static_cast<p2p::Way>(random.below(5));
  accept.begin = some_bytes(random);
  accept.target = some_place(random);
  accept.address = random.word();
  accept.key.size = random.below(4) == 0 ? random.word() : 8;
  accept.key.bytes[0] = static_cast<std::byte>(random.below(3));
  return accept;
}

void append_message(Input& input, Random& random) {
  const auto label = random.below(2) == 0 ? 3 : some_number(random);
  const std::uint32_t credits = some_number(random);
  const auto kind = static_cast<Kind>(random.below(8));
  switch (kind) {
    case Kind::inlined:
      return append_slot(input, kind, label, credits, std::uint64_t{random.word()});
    case Kind::eager:
    case Kind::piece:
      return append_slot(input, kind, label, credits,
                         p2p::Piece{static_cast<std::uint32_t>(random.below(kAreaBytes + 64)),
                                    static_cast<std::uint32_t>(random.below(1024))});
    case Kind::ask:
      return append_slot(
          input, kind, label, credits,
          p2p::Ask{some_bytes(random), some_place(random), random.word(), some_number(random)});
    case Kind::accept:
      append_step(input, Step::area);
      append(input, std::uint16_t{0});
      input.push_back(sizeof(p2p::Accept));
      append(input, some_accept(random));
      return append_slot(input, kind, label, credits, p2p::Piece{0, sizeof(p2p::Accept)});
    case Kind::finish:
    case Kind::cancel:
    case Kind::refuse:
      return append_slot(input, kind, label, credits,
                         p2p::Finish{some_number(random), static_cast<p2p::Side>(random.below(3))});
  }
}

}  // namespace

Input next_input(Random& random) {
  Input input{random.byte()};
  for (std::size_t left = 1 + random.below(24); left > 0; --left) {
    switch (random.below(8)) {
      case 0:
        append_step(input, static_cast<Step>(random.below(static_cast<std::size_t>(Step::end))));
        random.bytes(input, random.below(64));
        break;
      case 1:
        append_step(input, Step::credits);
        append(input, std::uint64_t{some_number(random)});
        break;
      case 2:
        append_step(input, random.below(4) == 0 ? Step::receive : Step::turn);
        break;
      default:
        append_message(input, random);
        append_step(input, Step::turn);
    }
  }
  if (random.below(2) == 0) random.damage(input);
  return input;
}

}  // namespace weft::fuzz
