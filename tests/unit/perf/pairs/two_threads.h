// Two threads as the two ranks of a job, with messages through memory that both see.
#pragma once

#include "perf/common/candidate.h"
#include "perf/common/spin.h"
#include "perf/pairs/loops.h"

#include <atomic>
#include <barrier>
#include <cstring>
#include <thread>
#include <vector>

namespace weft::perf {

// What both threads share.
struct Meeting {
  std::barrier<> barrier{2};
  std::int64_t numbers[2] = {};
  // One message at a time to each of the two, and how many were delivered and taken.
  std::vector<std::byte> mail[2];
  std::atomic<std::uint64_t> delivered[2] = {};
  std::atomic<std::uint64_t> taken[2] = {};
};

class MailEnds {
 public:
  MailEnds(Meeting& meeting, int rank, std::size_t bytes, bool spoil)
      : meeting_(&meeting), rank_(rank), spoil_(spoil), out_(bytes), in_(bytes) {}

  void send() {
    const int to = 1 - rank_;
    spin_until([&] { return meeting_->taken[to].load() == meeting_->delivered[to].load(); });
    meeting_->mail[to] = out_;
    if (spoil_) meeting_->mail[to][0] ^= std::byte{1};
    ++meeting_->delivered[to];
  }
  void receive() {
    spin_until([&] { return meeting_->delivered[rank_].load() > meeting_->taken[rank_].load(); });
    in_ = meeting_->mail[rank_];
    ++meeting_->taken[rank_];
  }
  void send_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) send();
  }
  void receive_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) receive();
  }
  void send_word() { send(); }
  void receive_word() { receive(); }
  std::span<std::byte> outgoing() { return out_; }
  std::span<std::byte> incoming() { return in_; }
  void keep_incoming(bool) {}

 private:
  Meeting* meeting_;
  int rank_;
  bool spoil_;
  std::vector<std::byte> out_;
  std::vector<std::byte> in_;
};

class MailPair final : public PairCandidate {
 public:
  MailPair(Meeting& meeting, int rank) : meeting_(meeting), rank_(rank) {}

  std::string name() const override { return "mail"; }
  int rank() const override { return rank_; }
  int size() const override { return 2; }
  void barrier() override { meeting_.barrier.arrive_and_wait(); }
  std::int64_t sum_over_ranks(std::int64_t value) override {
    meeting_.numbers[rank_] = value;
    barrier();
    const std::int64_t sum = meeting_.numbers[0] + meeting_.numbers[1];
    barrier();
    return sum;
  }
  std::unique_ptr<PairLoop> make_loop(const PairOperation& operation) override {
    if (operation.mode.way != PairWay::send) return nullptr;
    return make_pair_loop(operation, side_of(*this),
                          MailEnds(meeting_, rank_, operation.bytes, spoil));
  }

  bool spoil = false;  // one bit of each message

 private:
  Meeting& meeting_;
  int rank_;
};

// Runs `body(pair)` for both ranks, each in a thread.
template <typename Body>
void with_mail_pair(const Body& body) {
  Meeting meeting;
  const auto run = [&](int rank) {
    MailPair pair(meeting, rank);
    body(pair);
  };
  std::thread other(run, 1);
  run(0);
  other.join();
}

}  // namespace weft::perf
