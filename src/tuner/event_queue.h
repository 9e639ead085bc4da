// What happens next: a priority queue of times that never run backwards.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace weft::tuner {

// A radix heap (Ahuja, Mehlhorn, Orlin and Tarjan 1990): an event moves to a lower bucket a few
// times in its life, and events of equal time, which symmetric schedules are full of, come out in
// the order in which they went in.
class EventQueue {
 public:
  struct Event {
    std::uint64_t time;
    std::uint32_t id;
  };

  bool empty() const { return head_ == buckets_[0].size() && filled_ == 0; }
  // No event in the queue is earlier than this.
  std::uint64_t earliest() const {
    if (head_ < buckets_[0].size()) return last_;
    if (filled_ == 0) return ~std::uint64_t{0};
    const int bit = std::countr_zero(filled_);
    return (last_ >> bit | 1) << bit;
  }

  // `time` is not before the event popped last.
  void push(std::uint64_t time, std::uint32_t id) {
    const auto bucket = static_cast<int>(std::bit_width(time ^ last_));
    buckets_[static_cast<std::size_t>(bucket)].push_back({time, id});
    if (bucket > 0) filled_ |= std::uint64_t{1} << (bucket - 1);
  }

  Event pop() {
    if (head_ == buckets_[0].size()) refill();
    return buckets_[0][head_++];
  }

  void clear() {
    for (auto& bucket : buckets_) bucket.clear();
    filled_ = 0;
    head_ = 0;
    last_ = 0;
  }

 private:
  // Moves the bucket with the earliest event down.
  void refill() {
    buckets_[0].clear();
    head_ = 0;
    const int bit = std::countr_zero(filled_);
    filled_ &= filled_ - 1;
    auto& bucket = buckets_[static_cast<std::size_t>(bit + 1)];
    last_ = std::ranges::min_element(bucket, {}, &Event::time)->time;
    for (const Event& event : bucket) push(event.time, event.id);
    bucket.clear();
  }

  std::array<std::vector<Event>, 65>
      buckets_;               // k: times whose highest bit that differs from last_ is k-1
  std::uint64_t filled_ = 0;  // bit k-1: bucket k holds events
  std::size_t head_ = 0;      // of bucket 0
  std::uint64_t last_ = 0;
};

}  // namespace weft::tuner
