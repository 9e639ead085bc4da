/// Pools of pages that ranks write to and read from each other, such as KV caches of inference
/// engines.
#pragma once

#include <weft/error.h>
#include <weft/export.h>
#include <weft/handle.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace weft {

/// How the pages of one rank's pool lie in its memory. Page `i` of layer `l` begins at byte
/// l * layer_stride + i * stride. Pages must not overlap; either stride may be the larger one.
struct PageLayout {
  std::size_t page_bytes = 0;    ///< size of a page; the same at both ranks of a transfer
  std::size_t pages = 0;         ///< pages of each layer; 0: this rank has none
  std::size_t stride = 0;        ///< bytes from page to page in a layer; 0: page_bytes
  int layers = 1;                ///< layers that each page number names
  std::size_t layer_stride = 0;  ///< bytes from layer to layer; 0: pages * stride
  int counters = 64;             ///< 8-byte words that peers raise at this rank, 0 at first
};

/// What a transfer moves of each page, and which counter it raises.
struct PageOptions {
  int counter = -1;  ///< the other rank's counter to which 1 is added once all pages have arrived
                     ///< (write_pages) or have been read (read_pages); -1: none
  int first_layer = 0;      ///< the first layer that is moved
  int layers = 0;           ///< how many layers are moved; 0: all from first_layer on
  bool each_layer = false;  ///< write_pages only: layers move one after the other, and 1 is added
                            ///< after each
};

/// A transfer of pages that was started. Move-only. It must end before its communicator or engine.
/// The end of a ticket does not end the transfer, which continues whenever this rank waits for
/// something in the same communicator or engine. Every call of an empty ticket throws
/// Error(invalid_argument).
class WEFT_API PageTicket {
 public:
  /// Advances transfers by a bounded part and returns whether this one has ended, with or without
  /// an error. Does not block; its cost does not depend on the number of pages. The pages of a
  /// write may be written to again once it has ended; the pages of a read have arrived then.
  bool done();
  /// Blocks until the transfer has ended. Throws Error(peer_failed) and other errors that it met,
  /// and Error(timeout) after `timeout` (default: the communicator's); the transfer continues after
  /// a time-out unless it is cancelled.
  void wait();
  void wait(std::chrono::nanoseconds timeout);
  /// Drops the pages that have not been handed to the transport yet, so that the counter is not
  /// raised any more; without such pages it does nothing. Does not block: done() tells when the
  /// rest has ended. Returns pages_gone().
  std::size_t cancel();
  /// Whether cancel() dropped pages.
  bool cancelled() const;
  /// The number of pages that were sent; a page counts once in each layer.
  std::size_t pages_gone() const;
  /// The error that the transfer met; ErrorCode::ok if none.
  ErrorCode error() const;

  struct State;

 private:
  State& state() const;
  detail::Handle<State> state_;
};

/// Pages of every rank of a communicator, registered once. Communicator::open_page_pool() makes
/// pools. Move-only. It must end before its communicator; its end waits for the transfers that this
/// rank started. One thread at a time uses it. Every call of an empty pool throws
/// Error(invalid_argument).
///
/// Transfers name pages by number. weft checks everything before it moves anything: transfers throw
/// Error(invalid_argument) for a page that either rank does not have, lists of different lengths,
/// layers or counters that do not exist, and pools whose pages differ in size; Error(peer_failed)
/// if the rank is gone. A page that is written twice, or read and written at the same time, holds
/// undefined bytes. Pages that follow each other in both lists and in both memories travel
/// together. The lists may be reused at once, the pages when the ticket is done. No transfer
/// allocates memory for each page, and none allocates at all if an earlier one was as large.
class WEFT_API PagePool {
 public:
  /// The layout of this rank or of another, with defaults filled in.
  const PageLayout& layout() const;
  const PageLayout& layout(int rank) const;
  /// The address of a page of this rank. The memory is zeroed at first and begins at a memory page.
  void* page(int layer, std::size_t index) const;

  /// Copies page source_pages[i] of this rank to page target_pages[i] of `rank`, in every layer
  /// that the options name, in the order of layers. Does not block.
  PageTicket write_pages(int rank, std::span<const std::uint32_t> source_pages,
                         std::span<const std::uint32_t> target_pages,
                         const PageOptions& options = {});
  /// Copies page source_pages[i] of `rank` to page target_pages[i] of this rank. Does not block.
  PageTicket read_pages(int rank, std::span<const std::uint32_t> source_pages,
                        std::span<const std::uint32_t> target_pages,
                        const PageOptions& options = {});

  /// The value of a counter of this rank; a caller that sees it raised sees the pages too. Advances
  /// transfers, so that it may be polled. Does not block.
  std::uint64_t counter(int index) const;
  /// Sets a counter of this rank, at a time when no peer raises it.
  void reset_counter(int index, std::uint64_t value = 0);
  /// Blocks until a counter of this rank is at least `value`, and returns it. Throws Error(timeout)
  /// after `timeout` (default: the communicator's), and Error(peer_failed) if rank `from` (-1: any
  /// rank) is gone.
  std::uint64_t wait_counter(int index, std::uint64_t value, int from = -1);
  std::uint64_t wait_counter(int index, std::uint64_t value, int from,
                             std::chrono::nanoseconds timeout);

  struct State;

 private:
  friend class Communicator;
  State& state() const;
  detail::Handle<State> state_;
};

}  // namespace weft
