#include "perf/weft_perf/weft_pair.h"

#include "perf/pairs/loops.h"
#include "perf/weft_perf/weft_ends.h"

#include <algorithm>

namespace weft::perf {
namespace {

// As many as there are by default, fewer where they would leave the caches.
int slots_for(std::size_t bytes) {
  constexpr std::size_t kBytes = std::size_t{1} << 20;
  const auto most = static_cast<std::size_t>(ChannelOptions().slots);
  return static_cast<int>(std::clamp<std::size_t>(kBytes / bytes, 2, most));
}

}  // namespace

WeftPair::WeftPair(Communicator& communicator, bool allocated)
    : communicator_(communicator), allocated_(allocated) {}

std::string WeftPair::name() const { return allocated_ ? "weft allocated" : "weft plain"; }

std::int64_t WeftPair::sum_over_ranks(std::int64_t value) {
  std::int64_t sum = 0;
  communicator_.all_reduce(&value, &sum, 1, DataType::i64, ReduceOp::sum);
  return sum;
}

Memory WeftPair::allocate(std::size_t bytes) {
  if (!allocated_) return allocate_plain(bytes);
  const auto buffer = std::make_shared<Buffer>(communicator_.allocate(bytes));
  return Memory(buffer, buffer->data());
}

std::unique_ptr<PairLoop> WeftPair::make_loop(const PairOperation& operation) {
  const std::size_t bytes = operation.bytes;
  const Side side = side_of(*this);
  const int peer = side == Side::first ? 1 : 0;
  EndMemory memory{allocate(bytes), allocate(bytes), bytes};
  switch (operation.mode.way) {
    case PairWay::send:
      return make_pair_loop(operation, side, SendEnds(communicator_, peer, std::move(memory)));
    case PairWay::channel: {
      Channel channel;
      if (side != Side::none) {
        channel =
            communicator_.open_channel(peer, {.slot_bytes = bytes, .slots = slots_for(bytes)});
      }
      return make_pair_loop(operation, side, ChannelEnds(std::move(channel), std::move(memory)));
    }
    case PairWay::put: {
      Window window = communicator_.open_window(PutEnds::bytes_needed(bytes));
      return make_pair_loop(operation, side, PutEnds(std::move(window), peer, std::move(memory)));
    }
    case PairWay::get: {
      Window window = communicator_.open_window(bytes);
      return std::make_unique<GetLoop>(std::move(window), rank(), std::move(memory),
                                       window_of(operation));
    }
  }
  return nullptr;
}

}  // namespace weft::perf
