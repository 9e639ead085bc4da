// Two rings of slots between this process and a peer, one in each direction: what channels and
// messages are made of.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "p2p/endpoint.h"
#include "p2p/rings/migratory_slot.h"
#include "p2p/rings/slots.h"

namespace weft::p2p {

// A message at the front of the incoming ring.
struct Front {
  std::byte* data = nullptr;
  std::uint32_t bytes = 0;
  std::uint32_t kind = 0;
  std::uint32_t label = 0;
  bool away = false;  // in the peer's memory
};

class RingPair {
 public:
  // `own`: shape.total() zeroed bytes here that the peer writes to, 64-byte aligned; `theirs`: the
  // same at the peer for this process. Both are zero until both ends exist. All outlives it.
  RingPair(Endpoint& endpoint, int peer, const SlotShape& shape, std::byte* own,
           const RemoteSpan& theirs);

  // Waits, bounded, until the last message is posted. What has not left then is kept until it has.
  ~RingPair();
  RingPair(const RingPair&) = delete;
  RingPair& operator=(const RingPair&) = delete;

  int peer() const { return peer_; }
  const SlotShape& shape() const { return shape_; }

  // Where the next message's payload is written to; null while the peer holds all slots or the last
  // message of that slot has not left.
  std::byte* try_acquire() {
    if (sent_ - returned_ >= shape_.slots && !refresh()) return nullptr;
    if (staging_ != nullptr && !has_left()) return nullptr;
    leaving_slot_ = migratory_.next();
    return leaving() + kHeaderBytes;
  }
  // The slot of try_acquire(), where it is one that both ends write in turn; null: of the ring.
  const MigratorySlot* migratory_slot() const { return leaving_slot_; }
  // Sends what was written to the slot of try_acquire(). Throws Error(peer_failed).
  void commit(std::uint32_t bytes, std::uint32_t kind, std::uint32_t label) {
    if (staging_ != nullptr) return post_slot(bytes, kind, label, nullptr);
    std::byte* slot = leaving();
    write_note(slot, label);
    write_flag(slot, {++sent_, kind, bytes, leaving_slot_ != nullptr && leaving_slot_->home});
    out_.next();
    if (leaving_slot_ != nullptr) {
      migratory_.sent(leaving_slot_);
    } else {
      prefetch_for_write(out_.slot());
    }
    if (path_->bell != nullptr && path_->bell->load(std::memory_order_relaxed) != 0) wake_peer();
  }
  // The same to a peer that is not mapped. `before`: a put to be visible first; null: none.
  void post_slot(std::uint32_t bytes, std::uint32_t kind, std::uint32_t label,
                 const transport::Put* before);
  bool mapped() const { return staging_ == nullptr; }
  // Posts what the transport had no room for. True once nothing is left to post, as it always is
  // for a mapped peer. Does not block. Throws Error(peer_failed).
  bool push() { return unposted_ == 0 || push_pending(); }
  // Whether the peer waits for something that only this end can post.
  bool owes() const { return unposted_ != 0 || (staging_ != nullptr && untold() >= tell_after_); }

  // The next message that was not taken; false while there is none. Throws Error(internal) where it
  // claims to be longer than its slot.
  bool front(Front* out) {
    arrived_ = migratory_.arrived(taken_ + 1);
    std::byte* slot = arriving();
    const std::uint64_t word = read_flag(slot);
    if (arrived_ == nullptr && !Flag::is(word, taken_ + 1, false)) return false;
    const Flag flag = Flag::unpack(word);
    if (flag.bytes > shape_.slot_bytes) refuse(flag);
    *out = {slot + kHeaderBytes, flag.bytes, flag.kind, static_cast<std::uint32_t>(note_of(slot)),
            arrived_ != nullptr && !arrived_->home};
    return true;
  }
  // Goes on from the message of front(), whose slot stays held.
  void take() {
    note_returned(static_cast<std::uint32_t>(note_of(arriving()) >> 32));
    ++taken_;
    if (arrived_ != nullptr) migratory_.taken(arrived_, taken_);
    in_.next();
  }
  std::uint32_t held() const { return taken_ - released_; }
  // Gives back the slot that was taken first of those held.
  void release() {
    ++released_;
    migratory_.released(released_);
    if (theirs_.mapped != nullptr) {
      // Their word stays in this core's cache until they need it, so that this costs nothing.
      credit_word(theirs_.mapped).store(released_, std::memory_order_release);
    } else if (untold() >= tell_after_) {
      tell();
    }
  }
  // Tells the peer of slots that it does not know to be free yet, before this process waits. Where
  // the transport has no room, the next call does.
  void tell();

  // How many messages the peer has given back, as far as it has told with its own.
  std::uint32_t returned() const { return returned_; }
  // Reads its word too, a line that it may have to lose for that; true where there is room now.
  bool refresh() {
    note_returned(static_cast<std::uint32_t>(credit_word(own_).load(std::memory_order_acquire)));
    return sent_ - returned_ < shape_.slots;
  }
  std::uint32_t sent() const { return sent_; }

 private:
  static std::atomic_ref<std::uint64_t> credit_word(std::byte* ring) {
    return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(ring));
  }
  // Where the message of front() is, or the next one of the ring would be.
  std::byte* arriving() const { return arrived_ != nullptr ? arrived_->slot : in_.slot(); }
  // Where the message of try_acquire() is written.
  std::byte* leaving() const {
    return leaving_slot_ != nullptr ? leaving_slot_->slot : out_.slot();
  }
  // The header's second word: what this end has given back, and the label.
  static std::uint64_t note_of(const std::byte* slot) {
    return *reinterpret_cast<const std::uint64_t*>(slot + 8);
  }
  void write_note(std::byte* slot, std::uint32_t label) const {
    *reinterpret_cast<std::uint64_t*>(slot + 8) =
        static_cast<std::uint64_t>(released_) << 32 | label;
  }
  // Credits arrive by the word and inside messages: the later counts.
  void note_returned(std::uint32_t count) {
    if (count - returned_ <= sent_ - returned_) returned_ = count;
  }
  std::uint32_t untold() const { return released_ - told_; }
  bool push_pending();
  bool has_left();
  void wake_peer() const;
  [[noreturn]] void refuse(const Flag& flag) const;

  Endpoint& endpoint_;
  const int peer_;
  const Path* path_;
  const SlotShape shape_;
  std::byte* const own_;
  const RemoteSpan theirs_;
  const std::uint32_t tell_after_;
  // Peers that are not mapped: slots on their way, and the completions of each one's puts.
  std::shared_ptr<std::byte> staging_;
  links::Completion left_;
  // The last message's puts and how many of them have yet to be posted; the next one begins after
  // them.
  std::vector<transport::Put> pending_;
  std::size_t unposted_ = 0;
  std::size_t last_slot_ = 0;  // theirs
  // Mapped peers.
  MigratorySlots migratory_;
  MigratorySlot* leaving_slot_ = nullptr;  // the next message is written there
  MigratorySlot* arrived_ = nullptr;       // the message of front() is there
  SlotCursor out_;                         // the next slot to write
  SlotCursor in_;                          // the next slot to read
  std::uint32_t sent_ = 0;                 // messages, modulo 2^32, as all that follow
  std::uint32_t returned_ = 0;             // by the peer
  std::uint32_t taken_ = 0;
  std::uint32_t released_ = 0;
  std::uint32_t told_ = 0;  // of released_
};

}  // namespace weft::p2p
