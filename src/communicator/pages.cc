// Page pools of a communicator: every rank's memory, its layout and what moves between them.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <vector>

#include "base/cpu.h"
#include "base/error.h"
#include "base/transport_kit.h"
#include "communicator/impl.h"
#include "communicator/shared_parts.h"
#include "p2p/access.h"
#include "p2p/pages.h"

namespace weft {
namespace {

using Pages = std::span<const std::uint32_t>;

PageLayout completed(PageLayout layout) {
  if (layout.stride == 0) layout.stride = layout.page_bytes;
  if (layout.layer_stride == 0) layout.layer_stride = layout.pages * layout.stride;
  return layout;
}

// What a rank tells the others of its pool. Plain bytes.
struct PoolOffer {
  PageLayout layout;
  std::uint64_t bytes = 0;  // of pages and counters
  char fault[64] = {};      // why there is none; empty: nothing is wrong
};

p2p::PageGrid grid_of(const PageLayout& layout) {
  return {layout.page_bytes, layout.pages, layout.stride, layout.layer_stride,
          static_cast<std::uint32_t>(layout.layers)};
}

// Counters lie behind the pages, each in a line of its own.
std::uint64_t counters_offset(const PoolOffer& offer) {
  return offer.bytes - static_cast<std::uint64_t>(offer.layout.counters) * kCacheLine;
}

PoolOffer offer_of(const PageLayout& wanted) {
  constexpr int kMostCounters = 1 << 20;
  constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 47;
  PoolOffer offer;
  offer.layout = completed(wanted);
  const bool counts =
      wanted.layers >= 1 && wanted.counters >= 0 && wanted.counters <= kMostCounters;
  const char* fault = "layers or counters that nobody can have";
  if (counts) fault = p2p::fault_of(grid_of(offer.layout), &offer.bytes);
  if (fault == nullptr && offer.bytes > kMostBytes) fault = "more bytes than any machine has";
  if (fault != nullptr) std::snprintf(offer.fault, sizeof(offer.fault), "%s", fault);
  offer.bytes =
      (std::max<std::uint64_t>(offer.bytes, 1) + kCacheLine - 1) / kCacheLine * kCacheLine +
      static_cast<std::uint64_t>(counts ? wanted.counters : 0) * kCacheLine;
  return offer;
}

// A rank whose layout is wrong takes part all the same, so that the others learn of it.
std::vector<PoolOffer> exchange(Communicator::Impl& communicator, const PageLayout& wanted) {
  const PoolOffer mine = offer_of(wanted);
  std::vector<PoolOffer> all(static_cast<std::size_t>(communicator.ranks()));
  communicator.gather(&mine, all.data(), sizeof(PoolOffer));
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (all[rank].fault[0] != '\0')
      fail(ErrorCode::invalid_argument, "open_page_pool: rank {} wants {}", rank, all[rank].fault);
  }
  return all;
}

void check_pages(const char* call, const char* list, Pages pages, int rank, std::uint64_t limit) {
  const std::size_t found = p2p::find_outside(pages, limit);
  if (found == pages.size()) return;
  fail(ErrorCode::invalid_argument, "{}: page {} at place {} of the {} pages; rank {} has {}", call,
       pages[found], found, list, rank, limit);
}

}  // namespace

struct PagePool::State {
  State(Communicator::Impl& owner, const PageLayout& wanted)
      : communicator(owner),
        offers(exchange(owner, wanted)),
        parts(owner, "open_page_pool", offers[static_cast<std::size_t>(owner.rank())].bytes),
        access(*owner.endpoint) {}
  ~State() { communicator.pages->flush(this, communicator.executor->timeout()); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const PoolOffer& offer(const char* call, int rank) const;
  const PoolOffer& own() const { return offers[static_cast<std::size_t>(communicator.rank())]; }
  const p2p::Remote& remote(int rank) const { return parts.all()[static_cast<std::size_t>(rank)]; }
  std::byte* word(const char* call, int index) const;
  p2p::PageTransfer* start(bool writes, int rank, Pages source, Pages target,
                           const PageOptions& options);
  void check(const p2p::PageRequest& request, const char* call, const PageOptions& options) const;

  Communicator::Impl& communicator;
  const std::vector<PoolOffer> offers;  // by rank
  SharedParts parts;
  p2p::Access access;
};

const PoolOffer& PagePool::State::offer(const char* call, int rank) const {
  if (rank < 0 || rank >= communicator.ranks())
    fail(ErrorCode::invalid_argument, "{}: rank {} of {}", call, rank, communicator.ranks());
  return offers[static_cast<std::size_t>(rank)];
}

std::byte* PagePool::State::word(const char* call, int index) const {
  if (index < 0 || index >= own().layout.counters)
    fail(ErrorCode::invalid_argument, "{}: counter {} of {}", call, index, own().layout.counters);
  return parts.data() + counters_offset(own()) + static_cast<std::size_t>(index) * kCacheLine;
}

void PagePool::State::check(const p2p::PageRequest& request, const char* call,
                            const PageOptions& options) const {
  const int self = communicator.rank();
  const p2p::PageGrid& own = request.own_grid;
  const p2p::PageGrid& remote = request.remote_grid;
  if (request.source.size() != request.target.size()) {
    fail(ErrorCode::invalid_argument, "{}: {} source pages and {} target pages", call,
         request.source.size(), request.target.size());
  }
  const auto end = std::int64_t{options.first_layer} + options.layers;
  if (options.first_layer < 0 || options.layers < 1 || end > own.layers || end > remote.layers) {
    fail(ErrorCode::invalid_argument, "{}: {} layers from {} on; rank {} has {}, rank {} {}", call,
         options.layers, options.first_layer, self, own.layers, request.peer, remote.layers);
  }
  const int counters = offer(call, request.peer).layout.counters;
  if (options.counter < -1 || options.counter >= counters)
    fail(ErrorCode::invalid_argument, "{}: counter {} of rank {}'s {}", call, options.counter,
         request.peer, counters);
  if (options.each_layer && !request.writes)
    fail(ErrorCode::invalid_argument, "{}: each_layer is for write_pages", call);
  if (!request.source.empty() && own.page_bytes != remote.page_bytes) {
    fail(ErrorCode::invalid_argument, "{}: pages of {} bytes at rank {}, of {} at rank {}", call,
         own.page_bytes, self, remote.page_bytes, request.peer);
  }
  check_pages(call, "source", request.source, request.writes ? self : request.peer,
              request.writes ? own.pages : remote.pages);
  check_pages(call, "target", request.target, request.writes ? request.peer : self,
              request.writes ? remote.pages : own.pages);
}

p2p::PageTransfer* PagePool::State::start(bool writes, int rank, Pages source, Pages target,
                                          const PageOptions& options) {
  const char* call = writes ? "write_pages" : "read_pages";
  const PoolOffer& theirs = offer(call, rank);
  p2p::PageRequest request;
  request.owner = this;
  request.peer = rank;
  request.writes = writes;
  request.own = parts.data();
  request.remote = remote(rank).span;
  request.own_grid = grid_of(own().layout);
  request.remote_grid = grid_of(theirs.layout);
  request.source = source;
  request.target = target;
  PageOptions all = options;
  if (all.layers == 0) {
    if (own().layout.layers != theirs.layout.layers)
      fail(ErrorCode::invalid_argument, "{}: {} layers at rank {}, {} at rank {}", call,
           own().layout.layers, communicator.rank(), theirs.layout.layers, rank);
    all.layers = own().layout.layers - all.first_layer;
  }
  check(request, call, all);
  request.first_layer = static_cast<std::uint32_t>(all.first_layer);
  request.layers = static_cast<std::uint32_t>(all.layers);
  request.signals = options.counter >= 0;
  request.each_layer = options.each_layer;
  if (request.signals) {
    request.word = remote(rank).span + (counters_offset(theirs) +
                                        static_cast<std::uint64_t>(options.counter) * kCacheLine);
  }
  return communicator.pages->start(request);
}

PagePool Communicator::open_page_pool(const PageLayout& layout) {
  PagePool pool;
  pool.state_ = std::make_unique<PagePool::State>(*impl_, layout);
  return pool;
}

PagePool::PagePool() = default;
PagePool::PagePool(PagePool&&) noexcept = default;
PagePool& PagePool::operator=(PagePool&&) noexcept = default;
PagePool::~PagePool() = default;

PagePool::State& PagePool::state() const {
  if (state_ == nullptr)
    fail(ErrorCode::invalid_argument,
         "PagePool: empty; make one with Communicator::open_page_pool()");
  return *state_;
}

const PageLayout& PagePool::layout() const { return state().own().layout; }
const PageLayout& PagePool::layout(int rank) const { return state().offer("layout", rank).layout; }

void* PagePool::page(int layer, std::size_t index) const {
  const PageLayout& layout = state().own().layout;
  if (layer < 0 || layer >= layout.layers || index >= layout.pages)
    fail(ErrorCode::invalid_argument, "page: page {} of layer {}; there are {} in {} layers", index,
         layer, layout.pages, layout.layers);
  return state().parts.data() + grid_of(layout).offset(static_cast<std::uint64_t>(layer), index);
}

PageTicket PagePool::write_pages(int rank, Pages source_pages, Pages target_pages,
                                 const PageOptions& options) {
  return {*state().communicator.pages,
          state().start(true, rank, source_pages, target_pages, options)};
}

PageTicket PagePool::read_pages(int rank, Pages source_pages, Pages target_pages,
                                const PageOptions& options) {
  return {*state().communicator.pages,
          state().start(false, rank, source_pages, target_pages, options)};
}

std::uint64_t PagePool::counter(int index) const {
  const std::byte* word = state().word("counter", index);
  state().communicator.endpoint->progress();
  return transport::read_word(word);
}

void PagePool::reset_counter(int index, std::uint64_t value) {
  transport::change_word(state().word("reset_counter", index), transport::SignalOp::set, value);
}

std::uint64_t PagePool::wait_counter(int index, std::uint64_t value, int from) {
  return wait_counter(index, value, from, state().communicator.executor->timeout());
}

std::uint64_t PagePool::wait_counter(int index, std::uint64_t value, int from,
                                     std::chrono::nanoseconds timeout) {
  const std::byte* word = state().word("wait_counter", index);
  return state().access.wait_at_least(word, value, from, timeout);
}

}  // namespace weft
