// Page pools of a communicator: every rank's memory, its layout and what moves between them.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/handle.h"
#include "base/transport_kit.h"
#include "communicator/impl.h"
#include "communicator/memory/shared_parts.h"
#include "p2p/access.h"
#include "p2p/pages/page_shape.h"
#include "p2p/pages/pages.h"

namespace weft {
namespace {

using p2p::PoolShape;
using Pages = std::span<const std::uint32_t>;

// A rank whose layout is wrong takes part all the same, so that the others learn of it.
std::vector<PoolShape> exchange(Communicator::Impl& communicator, const PageLayout& wanted) {
  const PoolShape mine = p2p::shape_of(wanted);
  std::vector<PoolShape> all(static_cast<std::size_t>(communicator.ranks()));
  communicator.gather(&mine, all.data(), sizeof(PoolShape));
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (all[rank].fault[0] != '\0')
      fail(ErrorCode::invalid_argument, "open_page_pool: rank {} wants {}", rank, all[rank].fault);
  }
  return all;
}

std::vector<std::string> names_of(int ranks) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(ranks));
  for (int rank = 0; rank < ranks; ++rank) names.push_back(fmt::format("rank {}", rank));
  return names;
}

}  // namespace

struct PagePool::State {
  State(Communicator::Impl& owner, const PageLayout& wanted)
      : keeps(owner.shared_from_this()),
        communicator(owner),
        links(owner.links()),
        shapes(exchange(owner, wanted)),
        names(names_of(owner.ranks())),
        parts(owner, "open_page_pool", shapes[static_cast<std::size_t>(owner.rank())].bytes),
        access(*owner.endpoint) {}
  ~State() {
    links.progress.enter();
    communicator.pages->flush(this, communicator.executor->timeout());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const PoolShape& shape(const char* call, int rank) const;
  const PoolShape& own() const { return shapes[static_cast<std::size_t>(communicator.rank())]; }
  const std::string& name(int rank) const { return names[static_cast<std::size_t>(rank)]; }
  const p2p::Remote& remote(int rank) const { return parts.all()[static_cast<std::size_t>(rank)]; }
  std::byte* word(const char* call, int index) const;
  PageTicket start(bool writes, int rank, Pages source, Pages target, const PageOptions& options);

  const std::shared_ptr<Communicator::Impl> keeps;  // as long as this lives
  Communicator::Impl& communicator;
  links::Links& links;
  const std::vector<PoolShape> shapes;   // by rank
  const std::vector<std::string> names;  // likewise
  SharedParts parts;
  p2p::Access access;
};

const PoolShape& PagePool::State::shape(const char* call, int rank) const {
  if (rank < 0 || rank >= communicator.ranks())
    fail(ErrorCode::invalid_argument, "{}: rank {} of {}", call, rank, communicator.ranks());
  return shapes[static_cast<std::size_t>(rank)];
}

std::byte* PagePool::State::word(const char* call, int index) const {
  return parts.data() + own().checked_counter_offset(call, index);
}

PageTicket PagePool::State::start(bool writes, int rank, Pages source, Pages target,
                                  const PageOptions& options) {
  const PoolShape& theirs = shape(writes ? "write_pages" : "read_pages", rank);
  p2p::PageRequest request = p2p::page_request(writes, {own(), name(communicator.rank())},
                                               {theirs, name(rank)}, source, target, options);
  request.owner = this;
  request.peer = rank;
  request.own = parts.data();
  request.remote = remote(rank).span;
  if (request.signals) request.word = remote(rank).span + theirs.counter_offset(options.counter);
  return communicator.pages->start(request)->ticket(keeps);
}

PagePool Communicator::open_page_pool(const PageLayout& layout) {
  PagePool pool;
  pool.state_ = std::make_unique<PagePool::State>(*impl_, layout);
  return pool;
}

PagePool::State& PagePool::state() const {
  State& here = filled(state_, "PagePool", "Communicator::open_page_pool()");
  here.links.enter();
  return here;
}

const PageLayout& PagePool::layout() const { return state().own().layout; }
const PageLayout& PagePool::layout(int rank) const { return state().shape("layout", rank).layout; }

void* PagePool::page(int layer, std::size_t index) const {
  return state().parts.data() + state().own().checked_offset("page", layer, index);
}

PageTicket PagePool::write_pages(int rank, Pages source_pages, Pages target_pages,
                                 const PageOptions& options) {
  return state().start(true, rank, source_pages, target_pages, options);
}

PageTicket PagePool::read_pages(int rank, Pages source_pages, Pages target_pages,
                                const PageOptions& options) {
  return state().start(false, rank, source_pages, target_pages, options);
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
  State& here = state();
  const std::byte* word = here.word("wait_counter", index);
  return here.access.wait_at_least(word, value, from, timeout);
}

}  // namespace weft
