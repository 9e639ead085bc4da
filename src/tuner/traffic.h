// Messages on their way over a fabric: who occupies what until when.
#pragma once

#include <cstdint>
#include <vector>

#include "tuner/event_queue.h"
#include "tuner/fabric.h"

namespace weft::tuner {

// Simulated time is whole picoseconds, so that equal times are equal on every machine.
using Time = std::uint64_t;
inline constexpr Time kNever = ~Time{0};
inline Time ticks(double ns) { return static_cast<Time>(ns * 1000 + 0.5); }
inline double nanoseconds(Time time) { return static_cast<double>(time) / 1000; }

// One message, from one rank to another.
struct Flight {
  std::int32_t from = 0;
  std::int32_t to = 0;
  std::uint64_t signal = 0;  // for the receiver: which one it raises, of which lane
  std::int32_t lane = 0;
  std::int32_t next = -1;  // in a queue: the one behind
  std::uint32_t puts = 1;  // work requests it is made of
  double bytes = 0;
  Time start = 0;   // the NIC may begin
  Time posted = 0;  // the sender's processor is done with it
};

// Hears of every message, in the order of the events that settle when it arrives. Then it is still
// to come: `ready` is not before the event's time.
class Arrivals {
 public:
  virtual void arrived(const Flight& flight, Time ready) = 0;
  // A message of this rank has left the queue of its NIC.
  virtual void left_queue(int rank, Time now) = 0;

 protected:
  ~Arrivals() = default;
};

// Plain data with numbers that stay theirs until they are taken back. What T calls `next` is the
// pool's while it is unused.
template <typename T>
class Pool {
 public:
  std::int32_t add(const T& item) {
    if (unused_ < 0) {
      items_.push_back(item);
      return static_cast<std::int32_t>(items_.size()) - 1;
    }
    const std::int32_t number = unused_;
    unused_ = (*this)[number].next;
    (*this)[number] = item;
    return number;
  }
  T take(std::int32_t number) {
    const T item = (*this)[number];
    (*this)[number].next = unused_;
    unused_ = number;
    return item;
  }
  T& operator[](std::int32_t number) { return items_[static_cast<std::size_t>(number)]; }
  void clear() {
    items_.clear();
    unused_ = -1;
  }

 private:
  std::vector<T> items_;
  std::int32_t unused_ = -1;
};

// A NIC sends one message after the other: in order from one rank to another, in turn from pair to
// pair, as queue pairs are served. Whatever comes after it serves many messages at once, packet by
// packet: a message goes through at its own speed and its last byte leaves a resource when all that
// the resource was given until then is through. So flows that share a resource take together as
// long as it takes for their bytes, and an idle one delays nobody.
class Traffic {
 public:
  // Events get ids from `first_id` on.
  Traffic(const Fabric& fabric, EventQueue& events, Arrivals& arrivals, std::uint32_t first_id);

  void reset(bool count_bytes);

  // Sends it, in the order of calls; they come in the order of time. False where the sender's NIC
  // has `send_queue` of its messages waiting; left_queue() tells when to try again.
  bool send(const Flight& flight);
  // A processor moves bytes between its caches and its host's memory from `now` on; returns when
  // the memory is through.
  Time move(int rank, double bytes, Time now) {
    return occupy(fabric_.memory_of(rank), bytes, 0, now);
  }

  // An event of its own.
  void handle(std::uint32_t id, Time now);

  std::uint64_t messages() const { return messages_; }
  double bytes() const { return bytes_; }
  const std::vector<double>& resource_bytes() const { return resource_bytes_; }

 private:
  // The messages from one rank to another that wait at a NIC.
  struct Flow {
    std::int32_t from = 0;
    std::int32_t to = 0;
    std::int32_t first = -1;  // flights
    std::int32_t last = -1;
    std::int32_t next = -1;  // flow in the circle of its NIC
    std::int32_t at = 0;     // in the lists of its sender
  };
  // A rank that sends: what waits at its NIC.
  struct Sender {
    std::int32_t waiting = 0;      // messages
    std::vector<std::int32_t> to;  // by flow: its receiver
    std::vector<std::int32_t> flows;
  };

  Sender& sender(int rank) { return senders_[static_cast<std::size_t>(rank)]; }
  std::int32_t find_flow(const Flight& flight);
  void enqueue(int nic, const Flight& flight);
  Flight dequeue(int nic);
  Time occupy(int resource, double bytes, double puts, Time now);
  void transmit(const Flight& flight, const Route& route, Time now);
  void cross(const Flight& flight, const Route& route, Time now, Time tail);
  void finish(const Flight& flight, const Route& route, Time arrival);

  const Fabric& fabric_;
  EventQueue& events_;
  Arrivals& arrivals_;
  std::uint32_t first_id_;
  std::vector<Time> free_;  // by resource: through with all it was given
  std::vector<std::int32_t>
      circles_;  // by NIC: the flow served last, before the next one; -1: none waits
  std::vector<Sender> senders_;  // by rank
  Pool<Flow> flows_;
  Pool<Flight> flights_;  // in queues and in a fibre
  std::uint64_t messages_ = 0;
  double bytes_ = 0;
  bool count_bytes_ = false;
  std::vector<double> resource_bytes_;
};

}  // namespace weft::tuner
