/// What the parallel forms ask of a communication library, as narrow as it goes. One implementation
/// over weft, one over MPI.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace inference {

/// Small all-reduces over all ranks, thousands of times.
class Reductions {
 public:
  virtual ~Reductions() = default;
  /// The memory that sum() works on.
  virtual std::span<std::int64_t> sums() = 0;
  /// sums()[i] becomes the sum over all ranks, i < count.
  virtual void sum(std::size_t count) = 0;
  /// The largest of all ranks' numbers.
  virtual std::uint64_t max(std::uint64_t mine) = 0;
};

/// Messages between two ranks, in order, in both directions. The receiver knows how long they are.
class Link {
 public:
  virtual ~Link() = default;
  virtual void send(const void* data, std::size_t bytes) = 0;
  virtual void receive(void* data, std::size_t bytes) = 0;
};

/// A pool of KV cache pages at every rank, copied from pool to pool by their numbers.
class KvTransfer {
 public:
  virtual ~KvTransfer() = default;
  /// This rank's pool, zeroed.
  virtual std::span<std::byte> pool() = 0;
  /// Copies pages to the same places of another rank's pool. Does not wait for the other rank; the
  /// pages stay as they are until finish().
  virtual void write_pages(int to, std::span<const std::size_t> pages) = 0;
  /// Tells the other rank that it has all pages written since the last call.
  virtual void finish(int to) = 0;
  /// Blocks until a rank has finished. Names all pages that it writes, in the order in which it
  /// does.
  virtual void wait_pages(int from, std::span<const std::size_t> pages) = 0;
};

/// Every rank calls the collective functions in the same order. Errors are exceptions that say who
/// did not come, where the library knows it.
class Network {
 public:
  virtual ~Network() = default;
  virtual const char* library() const = 0;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual void barrier() = 0;
  virtual void broadcast(void* data, std::size_t bytes, int root) = 0;
  /// Collective.
  virtual std::unique_ptr<Reductions> open_reductions(std::size_t max_count) = 0;
  /// Called by both ranks, with the same limit.
  virtual std::unique_ptr<Link> open_link(int peer, std::size_t max_bytes) = 0;
  /// Collective.
  virtual std::unique_ptr<KvTransfer> open_kv_transfer(std::size_t pool_bytes,
                                                       std::size_t page_bytes) = 0;
};

}  // namespace inference
