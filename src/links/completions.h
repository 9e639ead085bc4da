// The words that transports raise when a put or a get has completed. A transport may raise them as
// late as its own end, so they are not their askers': they live in a pool that outlives the
// transports, and whoever asks holds a handle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace weft::links {

class Completions;

// Counters of puts and gets to one peer: how many were asked for, how many have completed. Move-
// only. If it ends before all have completed, the pool keeps the counters, and the memory given to
// keep(), until they have or the peer is disconnected.
class Completion {
 public:
  Completion() = default;
  Completion(Completion&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)),
        counters_(std::exchange(other.counters_, nullptr)) {}
  Completion& operator=(Completion&& other) noexcept;
  ~Completion() { release(); }

  // Whether it is one of a pool; only that can be asked of one made by default.
  bool valid() const { return counters_ != nullptr; }
  // What to give to a transport.
  std::uint64_t* word(std::size_t i = 0) const { return &counters_->completed[i]; }
  void asked(std::uint64_t count = 1, std::size_t i = 0) const { counters_->asked[i] += count; }
  bool done(std::size_t i = 0) const { return counters_->completed[i] == counters_->asked[i]; }
  std::uint64_t outstanding(std::size_t i = 0) const {
    return counters_->asked[i] - counters_->completed[i];
  }
  bool all_done() const;
  // The transport has let go of everything: the peer was disconnected.
  void abandon() const { counters_->completed = counters_->asked; }
  // Memory that transports read or write until all is done.
  void keep(std::shared_ptr<void> memory) const { counters_->kept = std::move(memory); }

 private:
  friend class Completions;
  struct Counters {
    int peer = -1;
    std::uint64_t connection = 0;  // of the peer, counted by how often it was disconnected before
    std::vector<std::uint64_t> asked, completed;
    std::shared_ptr<void> kept;
    bool all_done() const { return asked == completed; }
  };
  Completion(Completions* pool, Counters* counters) : pool_(pool), counters_(counters) {}
  void release();

  Completions* pool_ = nullptr;
  Counters* counters_ = nullptr;
};

// Outlives the transports and every handle.
class Completions {
 public:
  Completions() = default;
  Completions(const Completions&) = delete;
  Completions& operator=(const Completions&) = delete;

  // `count` counters, all zero. Allocates if no free ones of that count are left.
  Completion take(int peer, std::size_t count = 1);
  // After Transport::disconnect(): nothing that was asked of this peer before will be raised any
  // more. What was kept for it is freed, if its handles have ended, or else when they do.
  void disconnected(int peer);
  // Whether nothing that was asked of this peer is under way, whoever asked.
  bool idle(int peer) const;
  // How many sets of counters nobody holds a handle to that have not completed yet.
  std::size_t orphans() const { return orphans_.size(); }

 private:
  friend class Completion;
  using Counters = Completion::Counters;
  void give_back(Counters* counters);
  bool is_over(const Counters& counters) const;
  void reuse(Counters* counters);
  void sweep();

  std::vector<std::unique_ptr<Counters>> all_;
  std::vector<Counters*> orphans_;
  std::vector<Counters*> free_;
  std::map<int, std::uint64_t> disconnections_;  // by peer
};

}  // namespace weft::links
