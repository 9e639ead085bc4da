// Two ranks of a job and the memory that they write to each other, below the public headers.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/config.h"
#include "base/cpu.h"
#include "connections/connections.h"

namespace weft::perf {

// A rank's partner in a job that is set up; -1: it has none.
using Partner = std::function<int(const Connections&)>;

class PutPair {
 public:
  // Collective over all ranks of the job. `bytes`: the most that is put at once.
  PutPair(const Options& options, std::size_t bytes, const Partner& partner);
  ~PutPair();
  PutPair(const PutPair&) = delete;
  PutPair& operator=(const PutPair&) = delete;

  int rank() const { return bootstrap_->rank(); }
  int partner() const { return partner_; }
  // Of the two: it begins.
  bool first() const { return rank() < partner_; }
  const Connections& connections() const { return connections_; }
  const Way& way() const { return *way_; }
  // Of all ranks.
  void barrier() { bootstrap_->all_gather({}, config_.timeout); }
  std::int64_t now_ns() const { return connections_.clock().now_ns(); }

  // In pieces where the transport wants that; *completed is raised once for each of
  // pieces_of(bytes).
  void post(std::size_t bytes, std::uint64_t signal, std::uint64_t* completed);
  std::size_t pieces_of(std::size_t bytes) const;

  void await_signal(std::uint64_t value);
  // Leaves the processor to others, as the passive side of a bandwidth test does.
  void await_signal_asleep(std::uint64_t value);

  template <typename Condition>
  void until(const Condition& condition) {
    for (unsigned polls = 1; !condition(); ++polls) {
      // Memory that is mapped changes by itself.
      if (!way_->load_store || polls % 1024 == 0) progress();
      cpu_pause(poll_pauses());
    }
  }

 private:
  void post_piece(std::size_t offset, std::size_t bytes, std::uint64_t signal,
                  std::uint64_t* completed);
  void progress();

  const Config config_;
  std::shared_ptr<Bootstrap> bootstrap_;
  Connections connections_;
  int partner_;
  const Way* way_ = nullptr;  // to the partner
  transport::LocalMemory source_, inbox_;
  transport::RemoteMemory outbox_;
};

// Seconds for `count` puts of `bytes` without a signal until all have left, up to 128 on their way.
double stream(PutPair& pair, std::size_t bytes, std::size_t count);

// Microseconds of each of `count` one-way trips of a put with its signal, from the first of the two
// to the other and back; the signals count on from *signal.
std::vector<double> ping_pong(PutPair& pair, std::size_t bytes, std::size_t count,
                              std::uint64_t* signal);

}  // namespace weft::perf
