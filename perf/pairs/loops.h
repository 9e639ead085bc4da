// The loops, around what a library calls sending and receiving. `Ends` is one rank's end:
//
//   void send();             void receive();             one message
//   void send_many(n);       void receive_many(n);       n messages, complete on return
//   void send_word();        void receive_word();        the answer to a window, of a few bytes
//   std::span<std::byte> outgoing();  incoming();        see PairLoop
//   void keep_incoming(bool);
#pragma once

#include "perf/pairs/candidate.h"

#include <utility>

namespace weft::perf {

// Which side of the pair a rank is.
enum class Side { first, second, none };

inline Side side_of(const Job& job) {
  return job.rank() == 0 ? Side::first : job.rank() == 1 ? Side::second : Side::none;
}

// To and fro.
template <typename Ends>
class PingPong final : public PairLoop {
 public:
  PingPong(Side side, Ends ends) : side_(side), ends_(std::move(ends)) {}

  void run(std::size_t times) override {
    if (side_ == Side::first) {
      for (std::size_t i = 0; i < times; ++i) {
        ends_.send();
        ends_.receive();
      }
    } else if (side_ == Side::second) {
      for (std::size_t i = 0; i < times; ++i) {
        ends_.receive();
        ends_.send();
      }
    }
  }

  std::size_t messages() const override { return 2; }
  std::span<std::byte> outgoing() override { return present(ends_.outgoing()); }
  std::span<std::byte> incoming() override { return present(ends_.incoming()); }
  void keep_incoming(bool keep) override { ends_.keep_incoming(keep); }

 private:
  std::span<std::byte> present(std::span<std::byte> bytes) const {
    return side_ == Side::none ? std::span<std::byte>() : bytes;
  }

  Side side_;
  Ends ends_;
};

// A window of messages from the first to the second, and an answer.
template <typename Ends>
class Stream final : public PairLoop {
 public:
  Stream(Side side, Ends ends, std::size_t window)
      : side_(side), ends_(std::move(ends)), window_(window) {}

  void run(std::size_t times) override {
    if (side_ == Side::first) {
      for (std::size_t i = 0; i < times; ++i) {
        ends_.send_many(window_);
        ends_.receive_word();
      }
    } else if (side_ == Side::second) {
      for (std::size_t i = 0; i < times; ++i) {
        ends_.receive_many(window_);
        ends_.send_word();
      }
    }
  }

  std::size_t messages() const override { return window_; }
  std::span<std::byte> outgoing() override {
    return side_ == Side::first ? ends_.outgoing() : std::span<std::byte>();
  }
  std::span<std::byte> incoming() override {
    return side_ == Side::second ? ends_.incoming() : std::span<std::byte>();
  }
  void keep_incoming(bool keep) override { ends_.keep_incoming(keep); }

 private:
  Side side_;
  Ends ends_;
  std::size_t window_;
};

// Either of them, as the operation says.
template <typename Ends>
std::unique_ptr<PairLoop> make_pair_loop(const PairOperation& operation, Side side, Ends ends) {
  if (!operation.mode.bandwidth) return std::make_unique<PingPong<Ends>>(side, std::move(ends));
  return std::make_unique<Stream<Ends>>(side, std::move(ends), window_of(operation));
}

}  // namespace weft::perf
