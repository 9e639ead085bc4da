// Tokens to experts and outputs back, as weft::MoePlan promises, over memory that somebody else
// exchanged.
#pragma once

#include <weft/moe.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "p2p/access.h"
#include "p2p/endpoint.h"
#include "p2p/moe/moe_grouping.h"
#include "p2p/moe/moe_routing.h"
#include "p2p/put_queue.h"
#include "reduce/weighted_sum.h"

namespace weft::p2p {

class MoeExchange {
 public:
  // `own`: this rank's memory of MoeLayout's size, zeroed; `remotes`: everyone's, by rank. All of
  // it and `endpoint` outlive this.
  MoeExchange(Endpoint& endpoint, const MoeShape& shape, DataType type, std::byte* own,
              std::span<const Remote> remotes);
  // Waits, bounded, for what is on its way.
  ~MoeExchange();
  MoeExchange(const MoeExchange&) = delete;
  MoeExchange& operator=(const MoeExchange&) = delete;

  void dispatch_start(const void* tokens, const std::int32_t* ids, int count);
  MoeArrivals dispatch_finish(std::chrono::nanoseconds timeout);
  void combine_start(const void* outputs);
  std::span<const MoeMissing> combine_finish(void* output, const float* weights,
                                             std::chrono::nanoseconds timeout);
  bool test();

  void exclude(int rank) { live_[static_cast<std::size_t>(rank)] = 0; }
  bool live(int rank) const { return live_[static_cast<std::size_t>(rank)] != 0; }

 private:
  enum class Phase : std::uint8_t { idle, dispatching, arrived, combining };

  void expect(const char* call, Phase phase) const;
  std::uint64_t word(std::size_t offset) const;
  RemoteSpan remote(int rank, std::size_t offset) const {
    return remotes_[static_cast<std::size_t>(rank)].span + offset;
  }
  PutQueue& queue(int rank) { return *queues_[static_cast<std::size_t>(rank)]; }
  bool mapped(int rank) const {
    return remotes_[static_cast<std::size_t>(rank)].span.mapped != nullptr;
  }
  // For every other live rank: those that are reached by puts first, so that these travel while the
  // processor copies.
  template <class Send>
  void to_others(Send send);
  void dispatch_to(int rank);
  void combine_to(int rank);

  // Whether a rank's words of the current step are here.
  bool dispatched(int rank) const;
  bool combined(int rank) const;
  void push();
  template <class Here>
  bool all_here(Here here);
  template <class Here>
  void await_all(const char* call, std::chrono::nanoseconds timeout, Here here);
  MoeParcel parcel(int source) const;
  void sum_token(int token, const float* weights, std::byte* output);
  const std::byte* output_of(const MoeRouting::Choice& choice) const;

  Endpoint& endpoint_;
  const MoeShape shape_;
  const MoeLayout layout_;
  const reduce::WeightedSum sum_;
  const std::size_t hidden_;
  std::byte* const own_;
  const std::vector<Remote> remotes_;
  std::vector<std::unique_ptr<PutQueue>> queues_;  // by rank
  std::vector<char> live_;
  MoeRouting routing_;
  MoeGrouping grouping_;
  std::vector<MoeParcel> parcels_;  // by source
  std::vector<char> answered_;      // by rank: its outputs are here
  std::vector<MoeMissing> missing_;
  Phase phase_ = Phase::idle;
  std::uint64_t epoch_ = 0;
  unsigned parity_ = 0;
  const std::byte* tokens_ = nullptr;   // of the user, in the current epoch
  const std::byte* outputs_ = nullptr;  // likewise
};

}  // namespace weft::p2p
