// One queue pair to a peer, what is on its way over it, and work requests on their way to it.
#pragma once

#include <algorithm>
#include <vector>

#include "queue_pair.h"
#include "wire.h"

namespace weft::verbs {

struct Registration;

// What a completed work request sets free.
struct Pending {
  std::uint64_t last = 0;                // its work request's number
  std::uint64_t* completed = nullptr;    // raised by one; null: nobody asked, or the transfer does
  Registration* registration = nullptr;  // held for it
  int staging = -1;
  void* copy_to = nullptr;  // where `copy_bytes` of the staging go; null: nowhere
  std::size_t copy_bytes = 0;
  int transfer = -1;  // whose piece it is; -1: none's
};

// Pending work in the order it was posted; never more than a send queue holds.
class PendingQueue {
 public:
  void reserve(std::uint32_t most) { all_.resize(most); }
  bool empty() const { return first_ == end_; }
  Pending& front() { return all_[first_ % all_.size()]; }
  void push(const Pending& pending) { all_[end_++ % all_.size()] = pending; }
  void pop() { ++first_; }

 private:
  std::vector<Pending> all_;
  std::uint64_t first_ = 0, end_ = 0;
};

struct Lane {
  QueuePair pair;
  bool in_order = false;        // the peer's device places in order
  bool dirty = false;           // something was written since the last record
  std::uint64_t posted = 0;     // work requests so far
  std::uint64_t completed = 0;  // of those
  std::uint64_t signaled = 0;   // the last that will raise a completion
  int awaited = 0;              // completions that will come
  std::uint32_t window = 0;     // SENDs that each side may have on their way
  std::uint32_t credits = 0;    // of those, how many may be posted now
  std::uint64_t sends = 0;      // SENDs with a number so far
  // `window` places for SENDs, each in use until its credit returns.
  std::byte* send_places = nullptr;
  // Places for records of credits, as many as may be on their way.
  std::byte* credit_places = nullptr;
  std::uint64_t credit_sends = 0;
  std::uint32_t owed = 0;          // receives posted again and not yet told
  std::uint64_t ring_address = 0;  // of the peer's eager ring
  std::uint32_t ring_rkey = 0;
  PendingQueue pending;

  // How many receives to tell the peer of now.
  std::uint8_t take_owed() {
    const std::uint32_t told = std::min(owed, 255u);
    owed -= told;
    return static_cast<std::uint8_t>(told);
  }
  std::uint32_t room() const { return pair.sends - static_cast<std::uint32_t>(posted - completed); }
};

// Work requests for one lane, gathered to be posted with one doorbell.
class Chain {
 public:
  static constexpr int kMost = 16;

  bool empty() const { return count_ == 0; }
  int count() const { return count_; }
  void forget() {
    count_ = 0;
    completes_ = false;
  }

  // A new work request of the lane, cleared but for its operation, and where its parts are.
  ibv_send_wr& add(Lane& lane, ibv_wr_opcode opcode);
  void add_part(const void* address, std::size_t bytes, std::uint32_t key);
  // A SEND of a record, which is copied, with the payload behind it: together no more than the
  // queue pair takes inline.
  void add_record(Lane& lane, const Record& record, const void* payload);
  // Somebody waits for what was added last: a completion must follow.
  void complete() { completes_ = true; }

  // Posts all. The last one raises a completion where somebody waits, and now and then, so that the
  // queue empties. Returns an errno; *completions counts the completions that will come.
  int post(Lane& lane, int* completions);

 private:
  ibv_send_wr requests_[kMost];
  ibv_sge parts_[kMost][2];
  alignas(Record) std::byte records_[kMost][sizeof(Record)];  // left as they are until used
  int count_ = 0;
  bool completes_ = false;
};

}  // namespace weft::verbs
