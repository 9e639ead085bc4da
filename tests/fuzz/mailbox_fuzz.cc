// Plays a peer that writes anything into a rank's mailbox, while that rank sends and receives:
// nothing but the buffers of receives under way changes, nothing outside of the mailbox is read,
// calls throw Error and nothing else.
#include <weft/error.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "fuzz/lone_end.h"
#include "fuzz/mailbox_input.h"
#include "p2p/messages/messenger.h"

namespace weft::fuzz {
namespace {

// What an input has left; zeros after its end.
class Bytes {
 public:
  explicit Bytes(std::span<const unsigned char> input) : left_(input) {}

  bool empty() const { return left_.empty(); }
  void take(void* out, std::size_t bytes) {
    const std::size_t there = std::min(bytes, left_.size());
    std::memset(out, 0, bytes);
    if (there > 0) std::memcpy(out, left_.data(), there);
    left_ = left_.subspan(there);
  }
  template <typename Value>
  Value take() {
    Value value;
    take(&value, sizeof(value));
    return value;
  }

 private:
  std::span<const unsigned char> left_;
};

// Made once: making them takes longer than most inputs.
struct Memory {
  Guarded mailbox{1}, their_mailbox{1};
  Guarded buffers{2 * kLargePages + 1};  // a large receive, a large send, small ones
  Guarded theirs{kLargePages};

  std::byte* received() const { return buffers.data(); }
  std::byte* sent() const { return buffers.data() + kLarge; }
  std::byte* small() const { return buffers.data() + 2 * kLarge; }
};

// A receive, and what its buffer had when it was done.
struct Pending {
  p2p::ReceiveRequest* request = nullptr;
  std::optional<std::size_t> digest;

  std::size_t look() const {
    const auto* text = reinterpret_cast<const char*>(request->data);
    return std::hash<std::string_view>()({text, request->room});
  }
};

class Session {
 public:
  Session(const Manner& manner, Memory& memory)
      : memory_(memory),
        end_(manner, memory.buffers, memory.theirs),
        mailbox_at_peer_{1, 0, kMailboxBytes, nullptr},
        messenger_(end_, [this, manner](int) { return mailboxes(manner); }, kUnexpected) {
    memory_.mailbox.fill(0);
    memory_.their_mailbox.fill(0);
    std::memset(memory_.small(), 0, Guarded::kPage);
    receive(memory_.small(), kSmall, 3);
    receive(memory_.received(), kLarge, kAnyTag);
    send(memory_.sent(), kLarge);
    send(memory_.small() + 2 * kSmall, kSmall);
  }
  ~Session() {
    check_ends();
    for (p2p::SendRequest* request : sends_) messenger_.forget(request);
    for (const Pending& pending : receives_) messenger_.forget(pending.request);
  }

  void run(Bytes& input) {
    // More would only take longer.
    for (int steps = 0; steps < 400 && !input.empty(); ++steps) {
      step(static_cast<Step>(input.take<std::uint8_t>() % static_cast<int>(Step::end)), input);
      const auto* around = memory_.small() + kSmall;
      require(std::all_of(around, around + kSmall, [](std::byte b) { return b == std::byte{}; }),
              "bytes changed that nobody asked for");
    }
    for (int i = 0; i < 4; ++i) turn();
  }

 private:
  static constexpr std::size_t kUnexpected = 4096;

  p2p::MailboxMemory mailboxes(const Manner& manner) {
    return {kMailboxBytes,
            memory_.mailbox.data(),
            {&mailbox_at_peer_, 0, manner.mapped ? memory_.their_mailbox.data() : nullptr}};
  }
  void receive(std::byte* into, std::size_t room, int tag) {
    receives_.push_back({messenger_.start_receive(into, room, 1, tag), {}});
  }
  void send(const std::byte* from, std::size_t bytes) {
    sends_.push_back(messenger_.start_send(from, bytes, 1, 1));
  }

  // What is done stays as it is.
  void note_ends() {
    for (Pending& pending : receives_) {
      if (pending.request->outcome.done && !pending.digest) pending.digest = pending.look();
    }
  }
  void check_ends() const {
    for (const Pending& pending : receives_) {
      require(!pending.digest || *pending.digest == pending.look(),
              "a receive was written to after its end");
    }
  }

  void turn() {
    messenger_.poll();
    end_.progress();
    note_ends();
  }

  template <typename Call>
  static void may_fail(const Call& call) {
    try {
      call();
    } catch (const Error& error) {
      require(error.code() != ErrorCode::ok && error.what()[0] != '\0', "an error without words");
    }
  }

  std::byte* slot_at(std::uint32_t place, bool theirs) const {
    const Guarded& mailbox = theirs ? memory_.their_mailbox : memory_.mailbox;
    return mailbox.data() + kShape.slot_offset(place % (kShape.slots + 1));
  }

  // `place`: of the ring, or behind it the one that both write; `theirs`: in the peer's memory.
  void write_slot(std::uint32_t number, std::uint32_t place, bool theirs, Bytes& input) {
    std::byte* slot = slot_at(place, theirs);
    const auto kind = input.take<std::uint8_t>();
    std::uint32_t bytes = input.take<std::uint8_t>();
    if (bytes == 255) bytes = input.take<std::uint32_t>() % (p2p::kMaxSlotBytes + 1);
    const std::uint64_t flag = p2p::Flag{number, kind % p2p::Flag::kKinds, bytes, theirs}.packed();
    std::memcpy(slot, &flag, sizeof(flag));
    input.take(slot + 8, 8);  // label and credits
    input.take(slot + p2p::kHeaderBytes, std::min<std::size_t>(bytes, p2p::kLinePayload));
  }

  std::uint32_t ring_place() const { return (number_ - 1) % kShape.slots; }

  void step(Step step, Bytes& input) {
    std::byte discarded[kSmall];
    std::byte* mailbox = memory_.mailbox.data();
    switch (step) {
      case Step::slot:
        ++number_;
        return write_slot(number_, ring_place(), false, input);
      case Step::migratory: {
        const bool theirs = input.take<std::uint8_t>() % 2 != 0;
        ++number_;
        write_slot(number_, kShape.slots, theirs, input);
        // Where it is not the peer's turn, it comes by the ring.
        std::memcpy(slot_at(ring_place(), false), slot_at(kShape.slots, theirs), kCacheLine);
        return;
      }
      case Step::stray_slot: {
        const auto number = input.take<std::uint32_t>();
        const auto place = input.take<std::uint8_t>();
        return write_slot(number, place, place >= 128, input);
      }
      case Step::area: {
        const std::size_t offset = input.take<std::uint16_t>() % kAreaBytes;
        const std::size_t bytes = input.take<std::uint8_t>();
        return input.take(mailbox + kShape.total() + offset, std::min(bytes, kAreaBytes - offset));
      }
      case Step::credits:
        return input.take(mailbox, sizeof(std::uint64_t));
      case Step::turn:
        return turn();
      case Step::probe:
        return may_fail([&] { (void)messenger_.probe(1, kAnyTag); });
      case Step::send:
        return may_fail([&] { messenger_.send(discarded, 0, 1, 2, {}); });
      case Step::receive:
        return may_fail([&] { (void)messenger_.receive(discarded, kSmall, 1, 2, {}); });
      case Step::end:
        return;
    }
  }

  Memory& memory_;
  LoneEnd end_;
  const transport::RemoteMemory mailbox_at_peer_;
  p2p::Messenger messenger_;
  std::vector<Pending> receives_;
  std::vector<p2p::SendRequest*> sends_;
  std::uint32_t number_ = 0;
};

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weft::fuzz;
  static Memory memory;
  Bytes input(std::span(data, size));
  const auto flags = input.take<std::uint8_t>();
  const Manner manner{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0, (flags & 8) != 0};
  Session(manner, memory).run(input);
  return 0;
}
