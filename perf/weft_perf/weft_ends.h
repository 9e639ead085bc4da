// One rank's end of what weft offers between two ranks, as perf/pairs/loops.h wants it. What is not
// public in weft has no place here.
#pragma once

#include <weft/weft.h>

#include "perf/common/candidate.h"
#include "perf/pairs/candidate.h"

#include <cstring>
#include <vector>

namespace weft::perf {

// Private or allocated memory, held for as long as the loop runs.
struct EndMemory {
  Memory out;
  Memory in;
  std::size_t bytes = 0;

  std::byte* source() const { return static_cast<std::byte*>(out.get()); }
  std::byte* target() const { return static_cast<std::byte*>(in.get()); }
};

// send() and recv(). Bandwidth: a window of send_async() and recv_async(), all with the same
// buffer.
class SendEnds {
 public:
  SendEnds(Communicator& communicator, int peer, EndMemory memory)
      : communicator_(&communicator), peer_(peer), memory_(std::move(memory)) {}

  void send() { communicator_->send(memory_.source(), memory_.bytes, peer_); }
  void receive() { communicator_->recv(memory_.target(), memory_.bytes, peer_); }

  void send_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      requests_.push_back(communicator_->send_async(memory_.source(), memory_.bytes, peer_));
    }
    finish();
  }
  void receive_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      requests_.push_back(communicator_->recv_async(memory_.target(), memory_.bytes, peer_));
    }
    finish();
  }
  void send_word() { communicator_->send(&word_, sizeof(word_), peer_); }
  void receive_word() { communicator_->recv(&word_, sizeof(word_), peer_); }

  std::span<std::byte> outgoing() { return {memory_.source(), memory_.bytes}; }
  std::span<std::byte> incoming() { return {memory_.target(), memory_.bytes}; }
  void keep_incoming(bool) {}

 private:
  void finish() {
    for (Request& request : requests_) request.wait();
    requests_.clear();
  }

  Communicator* communicator_;
  int peer_;
  EndMemory memory_;
  std::vector<Request> requests_;
  std::uint64_t word_ = 0;
};

// A channel whose slots hold one message. The sender copies its bytes into the slot; the receiver
// reads a word of each cache line where they lie.
class ChannelEnds {
 public:
  ChannelEnds(Channel channel, EndMemory memory)
      : channel_(std::move(channel)), memory_(std::move(memory)) {}

  void send() {
    std::memcpy(channel_.acquire(), memory_.source(), memory_.bytes);
    channel_.commit(memory_.bytes);
  }
  void receive() {
    const Channel::Slot slot = channel_.receive();
    if (keeps_) {
      std::memcpy(memory_.target(), slot.data, slot.bytes);
    } else {
      read(static_cast<const std::byte*>(slot.data), slot.bytes);
    }
    channel_.release();
  }
  void send_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) send();
  }
  void receive_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) receive();
  }
  void send_word() {
    *static_cast<std::byte*>(channel_.acquire()) = std::byte{1};
    channel_.commit(1);
  }
  void receive_word() {
    channel_.receive();
    channel_.release();
  }

  std::span<std::byte> outgoing() { return {memory_.source(), memory_.bytes}; }
  std::span<std::byte> incoming() { return {memory_.target(), memory_.bytes}; }
  void keep_incoming(bool keep) { keeps_ = keep; }

 private:
  static void read(const std::byte* bytes, std::size_t count) {
    constexpr std::size_t kLine = 64;
    std::byte seen{};
    for (std::size_t i = 0; i < count; i += kLine) seen ^= bytes[i];
    asm volatile("" : : "r"(static_cast<unsigned>(seen)));
  }

  Channel channel_;
  EndMemory memory_;
  bool keeps_ = false;
};

// put_signal() into the peer's window, its word right behind the bytes; the receiver waits for the
// word. Bandwidth: bare puts to the same place, the last one with the signal.
class PutEnds {
 public:
  // `window` has bytes_needed() at both ranks and is all zero.
  PutEnds(Window window, int peer, EndMemory memory)
      : window_(std::move(window)),
        peer_(peer),
        memory_(std::move(memory)),
        word_(word_behind(memory_.bytes)) {}

  static std::size_t word_behind(std::size_t bytes) { return (bytes + 7) / 8 * 8; }
  static std::size_t bytes_needed(std::size_t bytes) {
    return word_behind(bytes) + sizeof(std::uint64_t);
  }

  void send() {
    window_.put_signal(peer_, 0, memory_.source(), memory_.bytes, word_, ++sent_);
    // While the bytes are on their way anyway: the source may then be written again.
    window_.flush();
  }
  void receive() { window_.wait_at_least(word_, ++received_, peer_); }

  void send_many(std::size_t count) {
    for (std::size_t i = 1; i < count; ++i) {
      window_.put(peer_, 0, memory_.source(), memory_.bytes);
    }
    send();
  }
  void receive_many(std::size_t) { receive(); }
  void send_word() { window_.signal(peer_, word_, ++sent_); }
  void receive_word() { receive(); }

  std::span<std::byte> outgoing() { return {memory_.source(), memory_.bytes}; }
  std::span<std::byte> incoming() {
    return {static_cast<std::byte*>(window_.data()), memory_.bytes};
  }
  void keep_incoming(bool) {}

 private:
  Window window_;
  int peer_;
  EndMemory memory_;
  std::size_t word_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

// get() by the first rank from the second's window, which takes no part. There are no two ways, so
// the time is that of the whole get.
class GetLoop final : public PairLoop {
 public:
  GetLoop(Window window, int rank, EndMemory memory, std::size_t count)
      : window_(std::move(window)), rank_(rank), memory_(std::move(memory)), count_(count) {}

  void run(std::size_t times) override {
    if (rank_ != 0) return;
    for (std::size_t i = 0; i < times; ++i) {
      for (std::size_t k = 0; k < count_; ++k) {
        window_.get(1, 0, memory_.target(), memory_.bytes);
      }
      window_.flush();
    }
  }
  std::size_t messages() const override { return count_; }
  std::span<std::byte> outgoing() override {
    if (rank_ != 1) return {};
    return {static_cast<std::byte*>(window_.data()), memory_.bytes};
  }
  std::span<std::byte> incoming() override {
    if (rank_ != 0) return {};
    return {memory_.target(), memory_.bytes};
  }

 private:
  Window window_;
  int rank_;
  EndMemory memory_;
  std::size_t count_;
};

}  // namespace weft::perf
