#include "p2p/pages/pages.h"

#include <algorithm>

#include "base/error.h"
#include "base/transport_kit.h"
#include "p2p/post.h"
#include "p2p/wait.h"
#include "reduce/reduce.h"

namespace weft::p2p {
namespace {

// What one call moves at most: enough to pay for the call, little enough not to be missed
// elsewhere.
constexpr std::uint64_t kSlice = std::uint64_t{256} << 10;
constexpr std::size_t kFirstPuts = 16;
constexpr int kBatches = 4;
constexpr std::uint64_t kReads = 64;  // gets on their way
constexpr std::uint64_t kMostBytes = std::uint64_t{4}
                                     << 20;  // of a put: bounds what cancel() waits for
constexpr std::uint64_t kStreaming = std::uint64_t{16} << 20;

// Where a page's layers touch, all of them are one larger page.
bool joins_layers(const PageRequest& request) {
  const auto touch = [](const PageGrid& grid) { return grid.layer_stride == grid.page_bytes; };
  return request.layers > 1 && !request.each_layer && touch(request.own_grid) &&
         touch(request.remote_grid);
}

PageGrid joined(PageGrid grid, std::uint32_t layers) {
  grid.page_bytes *= layers;
  return grid;
}

}  // namespace

PageTransfer* PageMover::take_free() {
  if (free_.empty()) return &all_.emplace_back(*this);
  PageTransfer* transfer = free_.back();
  free_.pop_back();
  transfer->outcome = {};
  transfer->told = transfer->cancelled = transfer->forgotten = false;
  return transfer;
}

void PageMover::plan(PageTransfer& transfer, const PageRequest& request) const {
  const bool joins = joins_layers(request);
  const PageGrid own = joins ? joined(request.own_grid, request.layers) : request.own_grid;
  const PageGrid remote = joins ? joined(request.remote_grid, request.layers) : request.remote_grid;
  const bool adjacent = own.stride == own.page_bytes && remote.stride == remote.page_bytes;
  // Layers lie apart by whole small pages: the walk begins there also where they are joined.
  const PageGrid& source = request.writes ? own : remote;
  const PageGrid& target = request.writes ? remote : own;
  find_runs(request.source, request.target, adjacent, &transfer.runs);
  transfer.walk =
      PageWalk(source, target, request.first_layer, joins ? 1 : request.layers, transfer.runs);
  transfer.request = request;
  transfer.request.source = transfer.request.target = {};
  transfer.pages_per_step = joins ? request.layers : 1;
  transfer.streaming =
      request.source.size() * request.layers * request.own_grid.page_bytes >= kStreaming;
}

PageTransfer* PageMover::start(const PageRequest& request) {
  const Path& path = endpoint_.path(request.peer);
  const char* call = request.writes ? "write_pages" : "read_pages";
  check_alive(endpoint_, request.peer, call);
  std::uint64_t most = 0;
  if (request.remote.mapped == nullptr) {
    const transport::Capabilities able = path.transport->capabilities();
    if (!request.writes && !able.get)
      fail(ErrorCode::unsupported, "{}: {}, which cannot read", call,
           endpoint_.describe(request.peer));
    if (request.writes && request.signals && !able.ordered)
      fail(ErrorCode::unsupported, "{}: {}, where a counter could overtake pages: use none", call,
           endpoint_.describe(request.peer));
    most = std::min(path.max_message, kMostBytes);
  }
  PageTransfer* transfer = take_free();
  plan(*transfer, request);
  transfer->most = most;
  transfer->left = most > 0 ? endpoint_.take_completion(request.peer) : links::Completion();
  under_way_.push_back(transfer);
  ++active;
  if (most > 0) {
    request.writes ? post(*transfer, kFirstPuts) : ask(*transfer);
    settle(*transfer);
    sweep();
  }
  return transfer;
}

// Copies up to *budget bytes, which it takes from it.
int PageMover::copy(PageTransfer& transfer, std::uint64_t* budget) {
  const PageRequest& request = transfer.request;
  const auto store = transfer.streaming ? reduce::Store::streaming : reduce::Store::cached;
  std::byte* mapped = request.remote.mapped;
  std::array<reduce::Piece, kBatch> pieces;
  std::size_t count = 0;
  int moved = 0;
  while (*budget > 0 && !transfer.walk.finished()) {
    const PagePiece piece = transfer.walk.next(*budget);
    *budget -= piece.bytes;
    pieces[count++] = {(request.writes ? mapped : request.own) + piece.target,
                       (request.writes ? request.own : mapped) + piece.source, piece.bytes};
    ++moved;
    const bool tells = piece.ends_layer && request.each_layer && request.signals;
    if (count < kBatch && !tells) continue;
    reduce::copy(std::span(pieces).first(count), store);
    count = 0;
    if (tells && !transfer.walk.finished()) tell(transfer, 1);
  }
  reduce::copy(std::span(pieces).first(count), store);
  return moved;
}

// Posts `most` puts, at most a batch.
int PageMover::post_batch(PageTransfer& transfer, std::size_t most) {
  const PageRequest& request = transfer.request;
  const PageWalk before = transfer.walk;
  std::size_t count = 0;
  bool tells = false;
  while (count < most && !transfer.walk.finished()) {
    const PagePiece piece = transfer.walk.next(transfer.most);
    transport::Put& put = batch_[count++];
    put = make_put(request.own + piece.source, request.remote + piece.target, piece.bytes,
                   transfer.left.word());
    tells = request.signals && transfer.walk.finished();
    if (tells || (request.signals && request.each_layer && piece.ends_layer))
      add_signal(&put, request.word, 1, transport::SignalOp::add);
  }
  std::size_t posted = 0;
  const transport::Status status =
      endpoint_.path(request.peer).transport->put(std::span(batch_).first(count), &posted);
  transfer.left.asked(posted);
  if (posted == count) {
    transfer.told = transfer.told || tells;
  } else {
    transfer.walk = before;
    for (std::size_t i = 0; i < posted; ++i) transfer.walk.next(transfer.most);
  }
  if (!status.ok() && status.code != ErrorCode::no_resources)
    lose(transfer, status.code, status.message);
  return static_cast<int>(posted);
}

int PageMover::post(PageTransfer& transfer, std::size_t most) {
  int moved = 0;
  while (most > 0 && !transfer.walk.finished() && !transfer.outcome.done) {
    const std::size_t count = std::min(most, kBatch);
    const int posted = post_batch(transfer, count);
    moved += posted;
    most -= count;
    if (static_cast<std::size_t>(posted) < count) break;
  }
  return moved;
}

int PageMover::ask(PageTransfer& transfer) {
  const PageRequest& request = transfer.request;
  transport::Transport& transport = *endpoint_.path(request.peer).transport;
  int moved = 0;
  while (!transfer.walk.finished() && transfer.left.outstanding() < kReads) {
    const PageWalk before = transfer.walk;
    const PagePiece piece = transfer.walk.next(transfer.most);
    const RemoteSpan source = request.remote + piece.source;
    const transport::Get get{request.own + piece.target, source.memory, source.offset, piece.bytes,
                             transfer.left.word()};
    const transport::Status status = transport.get({&get, 1});
    if (!status.ok()) {
      transfer.walk = before;
      if (status.code != ErrorCode::no_resources) lose(transfer, status.code, status.message);
      break;
    }
    transfer.left.asked();
    ++moved;
  }
  return moved;
}

// Adds to the word alone.
int PageMover::tell(PageTransfer& transfer, std::uint64_t times) {
  const PageRequest& request = transfer.request;
  const Path& path = endpoint_.path(request.peer);
  if (request.word.mapped != nullptr) {
    transport::change_word(request.word.mapped, transport::SignalOp::add, times);
    wake(path);
  } else {
    transport::Put put = make_put(nullptr, {}, 0, transfer.left.word());
    add_signal(&put, request.word, times, transport::SignalOp::add);
    std::size_t posted = 0;
    const transport::Status status = path.transport->put({&put, 1}, &posted);
    transfer.left.asked(posted);
    if (!status.ok() && status.code != ErrorCode::no_resources)
      lose(transfer, status.code, status.message);
    if (posted == 0) return 0;
  }
  transfer.told = transfer.told || transfer.walk.finished();
  return 1;
}

int PageMover::advance(PageTransfer& transfer, std::uint64_t* budget) {
  const PageRequest& request = transfer.request;
  int moved = 0;
  if (!transfer.cancelled) {
    if (request.remote.mapped != nullptr) {
      moved = copy(transfer, budget);
    } else {
      moved = request.writes ? post(transfer, kBatches * kBatch) : ask(transfer);
    }
    const bool waits = !request.writes && !transfer.has_left();
    if (request.signals && transfer.walk.finished() && !transfer.told && !waits) {
      const bool nothing = transfer.runs.empty() && request.each_layer;
      moved += tell(transfer, nothing ? request.layers : 1);
    }
  }
  settle(transfer);
  return moved;
}

void PageMover::settle(PageTransfer& transfer) {
  if (!transfer.has_left()) return;
  const bool told = !transfer.request.signals || transfer.told;
  if (transfer.cancelled || (transfer.walk.finished() && told)) transfer.outcome.succeed();
}

void PageMover::lose(PageTransfer& transfer, ErrorCode code, const char* cause) {
  transfer.outcome.fail_with(
      code, fmt::format("{}: {} failed: {} ({} pages had gone)", name_of(transfer),
                        endpoint_.describe(transfer.request.peer), cause, transfer.pages_gone()));
}

// What has ended leaves the list, and is free where nobody holds it.
void PageMover::sweep() {
  const auto ended = [this](PageTransfer* transfer) {
    if (!transfer->outcome.done) return false;
    --active;
    if (transfer->forgotten) forget(transfer);
    return true;
  };
  std::erase_if(under_way_, ended);
}

int PageMover::poll() {
  int moved = 0;
  bool ended = false;
  std::uint64_t budget = kSlice;
  for (PageTransfer* transfer : under_way_) {
    if (endpoint_.any_lost()) {
      const std::string* cause = endpoint_.failure(transfer->request.peer);
      if (cause != nullptr) lose(*transfer, ErrorCode::peer_failed, cause->c_str());
    }
    if (!transfer->outcome.done) moved += advance(*transfer, &budget);
    ended = ended || transfer->outcome.done;
  }
  if (ended) sweep();
  return moved;
}

void PageMover::look_around() { endpoint_.look(endpoint_.clock().now_ns()); }

void PageMover::turn() {
  constexpr unsigned kPollsPerLook = 64;
  endpoint_.progress();
  if (++polls_ % kPollsPerLook == 0) look_around();
}

void PageMover::wait(PageTransfer* transfer, std::chrono::nanoseconds timeout) {
  constexpr unsigned kMovesPerLook = 16;
  const std::int64_t started = endpoint_.clock().now_ns();
  const auto ready = [transfer] { return transfer->outcome.done; };
  Waiter waiter(endpoint_, {name_of(*transfer), transfer->request.peer}, timeout);
  for (unsigned moves = 1; !ready(); ++moves) {
    if (poll() == 0) waiter.turn(ready);
    // The above looks where nothing moves; pages may move for long.
    if (moves % kMovesPerLook != 1) continue;
    look_around();
    const std::int64_t waited = endpoint_.clock().now_ns() - started;
    if (waited < timeout.count() || ready()) continue;
    fail(ErrorCode::timeout, "{}: waited {:.3g} s for {} ({} pages have gone)", name_of(*transfer),
         static_cast<double>(waited) / 1e9, endpoint_.describe(transfer->request.peer),
         transfer->pages_gone());
  }
  if (transfer->outcome.code != ErrorCode::ok)
    throw Error(transfer->outcome.code, transfer->outcome.message);
}

std::uint64_t PageMover::cancel(PageTransfer* transfer) {
  const bool all = transfer->walk.finished() && (transfer->told || !transfer->request.signals);
  if (!transfer->outcome.done && !all) {
    transfer->cancelled = true;
    settle(*transfer);
    sweep();
  }
  return transfer->pages_gone();
}

void PageMover::forget(PageTransfer* transfer) {
  transfer->forgotten = true;
  if (transfer->outcome.done) free_.push_back(transfer);
}

void PageMover::flush(const void* owner, std::chrono::nanoseconds timeout) {
  const std::int64_t deadline = endpoint_.clock().now_ns() + timeout.count();
  const auto next = [&] {
    return std::ranges::find(under_way_, owner, [](PageTransfer* t) { return t->request.owner; });
  };
  for (auto found = next(); found != under_way_.end(); found = next()) {
    PageTransfer* transfer = *found;
    try {
      wait(transfer, std::chrono::nanoseconds(
                         std::max<std::int64_t>(deadline - endpoint_.clock().now_ns(), 0)));
    } catch (const Error& error) {
      transfer->outcome.fail_with(error.code(), error.what());
      sweep();
    }
  }
}

}  // namespace weft::p2p
