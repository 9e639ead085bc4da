// The one loop that moves a process on. Whoever waits, for whatever it is, turns it: messages,
// pages, collectives and transports all move then.
#pragma once

#include <weft/transport.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/cpu.h"
#include "progress/idle_strategy.h"
#include "progress/neighbours.h"
#include "progress/poller.h"
#include "progress/sleeper.h"

namespace weft {

// Used by one thread at a time: the last one that entered it.
class Progress {
 public:
  // `clock` outlives it.
  explicit Progress(const Clock& clock) : clock_(clock) {}
  ~Progress() {
    if (home_ != nullptr) home_->remove(this);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // From now on waits of the thread that entered last for other things turn it too.
  void join_neighbours() {
    joins_ = true;
    thread_ = nullptr;
  }
  // The calling thread uses it from now on. Before everything else that a user calls.
  void enter() {
    if (thread_ != thread_mark()) [[unlikely]]
      move_in();
  }

  // The transports over which some peer is reached from now on. Those that map no memory deliver
  // only while they are called. They live until the next call, or nothing here is called any more.
  void attend(std::vector<transport::Transport*> transports);
  // What this process sleeps on, in memory that mapped peers reach; outlives all sleep().
  void sleep_at(std::atomic<std::uint32_t>& word) { sleeper_.sleep_at(word); }
  // How it waits; spins until told.
  void idle_by(const IdleDurations& durations) { idling_.durations = durations; }
  void add(Poller* poller) { pollers_.push_back(poller); }
  void remove(Poller* poller) { std::erase(pollers_, poller); }

  // Moves everything on by a bounded part and returns how many things moved. Does not wait.
  int poll() {
    const int moved = poll_others(nullptr);
    return called_.empty() ? moved : moved + poll_transports();
  }
  // All pollers but one, which is just waiting itself.
  int poll_others(const Poller* caller) {
    int moved = 0;
    for (Poller* poller : pollers_) {
      if (poller->active > 0 && poller != caller) moved += poller->poll();
    }
    return moved;
  }
  // Whether some peer's bytes are seen only by calling its transport.
  bool calls_transports() const { return !called_.empty(); }
  int poll_transports() {
    int moved = 0;
    for (transport::Transport* transport : called_) moved += transport->progress();
    return moved;
  }

  // Turns what else the thread uses. Looks at what matters only now and then, unless it just did:
  // whether mapped peers still live, and every poller's look().
  void look(std::int64_t now_ns) {
    if (home_ != nullptr) home_->poll_others(this);
    if (now_ns - looked_ns_ >= look_pause_ns_) look_now(now_ns);
  }
  // Sets how far apart two looks are.
  void look_every(std::chrono::nanoseconds pause) { look_pause_ns_ = pause.count(); }

  // Sleeps until a peer writes or a transport has something, at most `limit`; not at all if
  // `ready` says so once everybody would wake this process. May return early.
  void sleep(std::chrono::nanoseconds limit, const std::function<bool()>& ready) {
    // Nothing wakes it for the others.
    constexpr std::chrono::microseconds kNap{200};
    if (home_ != nullptr && home_->several())
      limit = std::min<std::chrono::nanoseconds>(limit, kNap);
    sleeper_.sleep(limit, ready);
  }

  const Clock& clock() const { return clock_; }
  Idling& idling() { return idling_; }

 private:
  void look_now(std::int64_t now_ns);
  void move_in();

  const Clock& clock_;
  Idling idling_{durations_of(WaitPolicy::spin)};
  Sleeper sleeper_;
  std::vector<Poller*> pollers_;
  std::vector<transport::Transport*> transports_;
  std::vector<transport::Transport*> called_;  // of them, those without load_store
  bool joins_ = false;
  const void* thread_ = nullptr;  // that entered last
  std::shared_ptr<Neighbours> home_;
  std::int64_t looked_ns_ = 0;
  std::int64_t look_pause_ns_ = 2'000'000;
};

}  // namespace weft
