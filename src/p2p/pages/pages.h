// Transfers of pages between a memory here and one of a peer's: what weft::PagePool promises,
// whoever exchanged the keys.
#pragma once

#include <weft/pages.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "p2p/endpoint.h"
#include "p2p/outcome.h"
#include "p2p/pages/page_runs.h"
#include "progress/poller.h"

namespace weft {
namespace p2p {

class PageMover;

// What to move. Page numbers, layers and the word were checked by whoever asks.
struct PageRequest {
  const void* owner = nullptr;  // for PageMover::flush()
  int peer = -1;
  bool writes = true;        // to the peer; else from there
  std::byte* own = nullptr;  // where the pages of this process begin
  RemoteSpan remote;         // and the peer's
  PageGrid own_grid;
  PageGrid remote_grid;  // of pages as large
  std::span<const std::uint32_t> source;
  std::span<const std::uint32_t> target;
  std::uint32_t first_layer = 0;
  std::uint32_t layers = 1;
  bool signals = false;  // adds 1 to `word` of the peer's once all pages are where they go
  RemoteSpan word;
  bool each_layer = false;  // once in each layer instead; of writes
};

}  // namespace p2p

// A request under way; its caller's until PageMover::forget().
struct PageTicket::State {
  explicit State(p2p::PageMover& owner) : mover(owner) {}
  // For the user; its end forgets the transfer. `owner` keeps the mover.
  PageTicket ticket(std::shared_ptr<void> owner);

  std::shared_ptr<void> keeps;  // the mover and all it stands on, as long as there is a ticket

  p2p::PageMover& mover;
  p2p::PageRequest request;  // without its pages
  std::vector<p2p::PageRun> runs;
  p2p::PageWalk walk;
  std::uint64_t pages_per_step = 1;  // what a page of the walk counts for
  std::uint64_t most = 0;            // bytes of a put
  links::Completion left;            // of puts and gets; only of a peer that is not mapped
  p2p::Outcome outcome;
  bool streaming = false;  // too large for the caches
  bool told = false;       // the word was changed for the last time
  bool cancelled = false;
  bool forgotten = false;  // nobody holds a pointer to it

  bool has_left() const { return !left.valid() || left.done(); }
  std::uint64_t pages_gone() const { return walk.passed() * pages_per_step; }
};

namespace p2p {

using PageTransfer = PageTicket::State;

// Moves them on whenever it is asked to, in the order they were started: a bounded part at a time.
class PageMover final : public Poller {
 public:
  // `endpoint` outlives it.
  explicit PageMover(Endpoint& endpoint) : endpoint_(endpoint) { endpoint_.add(this); }
  ~PageMover() override { endpoint_.remove(this); }
  PageMover(const PageMover&) = delete;
  PageMover& operator=(const PageMover&) = delete;

  // Does not wait, and where the peer is mapped copies nothing yet. Allocates where no earlier
  // transfer had as many runs, once. Throws Error(peer_failed, unsupported).
  PageTransfer* start(const PageRequest& request);
  // Moves things on by a bounded part; true once the transfer has ended, well or not.
  bool done(PageTransfer* transfer) {
    if (!transfer->outcome.done) turn();
    return transfer->outcome.done;
  }
  // Until it has ended. Throws what it met, and Error(timeout), after which it goes on.
  void wait(PageTransfer* transfer, std::chrono::nanoseconds timeout);
  // Drops what has not gone yet; returns how many pages have.
  std::uint64_t cancel(PageTransfer* transfer);
  // Whether nothing is under way with a peer.
  bool idle(int peer) const {
    return std::ranges::none_of(under_way_, [peer](const PageTransfer* transfer) {
      return transfer->request.peer == peer;
    });
  }
  // Goes on by itself where it has not ended.
  void forget(PageTransfer* transfer);
  // Waits for all of an owner's, and gives up what takes longer.
  void flush(const void* owner, std::chrono::nanoseconds timeout);

  std::chrono::nanoseconds timeout() const { return endpoint_.timeout(); }

  int poll() override;

 private:
  static constexpr std::size_t kBatch = 64;  // puts that are posted together

  void turn();
  void look_around();
  PageTransfer* take_free();
  void plan(PageTransfer& transfer, const PageRequest& request) const;
  // How many things moved.
  int advance(PageTransfer& transfer, std::uint64_t* budget);
  int copy(PageTransfer& transfer, std::uint64_t* budget);
  int post(PageTransfer& transfer, std::size_t most);
  int post_batch(PageTransfer& transfer, std::size_t most);
  int ask(PageTransfer& transfer);
  int tell(PageTransfer& transfer, std::uint64_t times);
  void settle(PageTransfer& transfer);
  void lose(PageTransfer& transfer, ErrorCode code, const char* cause);
  void sweep();
  const char* name_of(const PageTransfer& transfer) const {
    return transfer.request.writes ? "write_pages" : "read_pages";
  }

  Endpoint& endpoint_;
  std::deque<PageTransfer> all_;
  std::vector<PageTransfer*> under_way_;  // in the order they were started
  std::vector<PageTransfer*> free_;
  std::array<transport::Put, kBatch> batch_;
  unsigned polls_ = 0;
};

}  // namespace p2p
}  // namespace weft
