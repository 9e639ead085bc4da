/// Pools of pages that ranks write to and read from each other: KV caches of inference engines.
#pragma once

#include <weft/error.h>
#include <weft/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace weft {

namespace p2p {
class PageMover;
struct PageTransfer;
}  // namespace p2p

/// How the pages of one rank's pool lie in its memory. Page `i` of layer `l` begins at
/// l * layer_stride + i * stride; pages must not overlap. Either stride may be the larger one.
struct PageLayout {
  std::size_t page_bytes = 0;
  std::size_t pages = 0;   ///< of each layer; 0: this rank has none
  std::size_t stride = 0;  ///< bytes from page to page in a layer; 0: page_bytes
  int layers = 1;
  std::size_t layer_stride = 0;  ///< bytes from layer to layer; 0: pages * stride
  int counters = 64;             ///< words that peers raise here, 0 at first
};

/// What a transfer moves of each page, and whom it tells.
struct PageOptions {
  int counter = -1;  ///< of the other rank: 1 is added once all pages are there (write_pages)
                     ///< or have been read (read_pages); -1: none
  int first_layer = 0;
  int layers = 0;  ///< how many from there on; 0: all
  bool each_layer =
      false;  ///< write_pages: 1 is added after each layer; they go one after the other
};

/// A transfer under way. Move-only; outlives no communicator. Destroying it does not end the
/// transfer: that goes on whenever this rank waits for something in this communicator.
class WEFT_API PageTicket {
 public:
  PageTicket() = default;
  PageTicket(PageTicket&& other) noexcept { *this = std::move(other); }
  PageTicket& operator=(PageTicket&& other) noexcept;
  ~PageTicket();

  /// Moves things on by a bounded part and tells whether the transfer has ended, well or not; does
  /// not block. A write has ended when its pages may be written to again, a read when its pages
  /// are here. What it costs does not depend on how many pages there are.
  bool done();
  /// Blocks until it has ended. Throws Error(peer_failed) and what else it met, and Error(timeout)
  /// after `timeout` (default: the communicator's); it goes on then, unless it is cancelled.
  void wait();
  void wait(std::chrono::nanoseconds timeout);
  /// Drops what has not been handed to the wire yet, so that the counter is not raised any more;
  /// nothing happens where all of it has. Does not block; done() tells when the rest has ended.
  /// Returns pages_gone().
  std::size_t cancel();
  /// Whether cancel() dropped something.
  bool cancelled() const;
  /// Pages that went; a page counts once in each layer.
  std::size_t pages_gone() const;
  /// What it met; ok while nothing.
  ErrorCode error() const;

 private:
  friend class PagePool;
  friend class EnginePages;
  PageTicket(p2p::PageMover& mover, p2p::PageTransfer* transfer)
      : mover_(&mover), transfer_(transfer) {}
  p2p::PageTransfer& transfer() const;
  p2p::PageMover* mover_ = nullptr;
  p2p::PageTransfer* transfer_ = nullptr;
};

/// Pages of every rank of a communicator, registered once. Made by Communicator::open_page_pool();
/// move-only; outlives no communicator; its end waits for the transfers that this rank started.
/// One thread at a time uses it.
///
/// Transfers name pages by their numbers. Everything is checked before anything moves: they throw
/// Error(invalid_argument) for a page that either rank does not have, lists of different lengths,
/// layers or counters that there are not, and pools whose pages differ in size; Error(peer_failed)
/// where the rank is gone. A page that is written to twice, or read and written at once, holds
/// undefined bytes. Pages that follow each other at both ends, and touch there, travel together.
/// Lists may be reused at once, pages when the ticket is done. No transfer allocates memory for
/// each page, and none at all where an earlier one was as large.
class WEFT_API PagePool {
 public:
  PagePool();
  PagePool(PagePool&&) noexcept;
  PagePool& operator=(PagePool&&) noexcept;
  ~PagePool();

  /// Of this rank, with all that was left to default.
  const PageLayout& layout() const;
  const PageLayout& layout(int rank) const;
  /// Where a page of this rank's is. The memory is zeroed at first and begins a memory page.
  void* page(int layer, std::size_t index) const;

  /// Copies page source_pages[i] of this rank's to page target_pages[i] of `rank`'s, in every layer
  /// that is named. Does not block. Layers go in their order.
  PageTicket write_pages(int rank, std::span<const std::uint32_t> source_pages,
                         std::span<const std::uint32_t> target_pages,
                         const PageOptions& options = {});
  /// Copies page source_pages[i] of `rank`'s to page target_pages[i] of this rank's.
  PageTicket read_pages(int rank, std::span<const std::uint32_t> source_pages,
                        std::span<const std::uint32_t> target_pages,
                        const PageOptions& options = {});

  /// A counter of this rank's. Who sees it raised sees the pages. Moves things on, so that it may
  /// be polled; does not block.
  std::uint64_t counter(int index) const;
  /// Sets it, between uses.
  void reset_counter(int index, std::uint64_t value = 0);
  /// Blocks until it is at least `value`; returns it. Throws Error(timeout), and Error(peer_failed)
  /// once some rank is gone that this one was to hear from: `from`, or with -1 any.
  std::uint64_t wait_counter(int index, std::uint64_t value, int from = -1);
  std::uint64_t wait_counter(int index, std::uint64_t value, int from,
                             std::chrono::nanoseconds timeout);

  struct State;

 private:
  friend class Communicator;
  State& state() const;
  std::unique_ptr<State> state_;
};

}  // namespace weft
