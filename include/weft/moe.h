/// Experts spread over ranks: tokens to the experts that a router chose, and their outputs back.
#pragma once

#include <weft/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace weft {

/// The same at every rank.
struct MoeOptions {
  int experts = 0;         ///< of all ranks, a multiple of their number: expert e is at rank
                           ///< e / (experts / ranks)
  int top_k = 0;           ///< experts per token, 1 to 64
  int max_tokens = 0;      ///< that one rank dispatches in one call, 1 to 2^20 - 1
  std::size_t hidden = 0;  ///< elements that an expert makes of a token
  DataType type = DataType::bf16;  ///< of those: f32, bf16 or f16
  std::size_t token_bytes = 0;     ///< that dispatch carries for a token, whatever they mean (codes
                                   ///< and their scales); 0: `hidden` elements of `type`
};

/// One token that one expert of this rank is to work on.
struct MoeRow {
  const void* token = nullptr;  ///< MoeOptions::token_bytes
  std::int32_t source = 0;      ///< the rank it comes from
  std::int32_t index = 0;       ///< which of that rank's tokens, and
  std::int32_t k = 0;           ///< which of its top_k choices
};

/// What arrived for the experts of this rank. Views into the plan, good until its next
/// dispatch_start().
struct MoeArrivals {
  /// Expert after expert; each one's by source rank, then by the token's index there, then by k: an
  /// order that the routing alone decides, whoever comes first. A token that several experts of
  /// this rank work on lies in memory once.
  std::span<const MoeRow> rows;
  /// Where each local expert's rows begin, and at last their number: experts / ranks + 1 entries.
  std::span<const std::int32_t> first;
  /// Rows by local expert and source rank: (experts / ranks) x ranks.
  std::span<const std::int32_t> counts;

  /// The rows of a local expert (0: the rank's first).
  std::span<const MoeRow> of(int expert) const {
    const auto at = static_cast<std::size_t>(expert);
    return rows.subspan(static_cast<std::size_t>(first[at]),
                        static_cast<std::size_t>(first[at + 1] - first[at]));
  }
};

/// A choice of a token whose expert gave nothing, since its rank is excluded.
struct MoeMissing {
  std::int32_t token = 0;
  std::int32_t k = 0;
};

/// A mixture-of-experts layer's two exchanges, prepared once and run many times. Made by
/// Communicator::plan_moe(); move-only; outlives no communicator. One thread at a time uses it.
///
/// Each rank runs, in this order and as often as the others:
///
///   plan.dispatch_start(tokens, expert_ids, count);   // counts may differ, and may be 0
///   ...                                               // what needs no tokens of others
///   const MoeArrivals arrivals = plan.dispatch_finish();
///   ...                                               // outputs[i] = expert(arrivals.rows[i])
///   plan.combine_start(outputs);
///   ...                                               // what needs no outputs of others
///   plan.combine_finish(output, weights);
///
/// The combine may be left out, by all ranks in the same calls. For two batches in flight make two
/// plans. A start never waits for another rank; what a full queue of a transport did not take
/// leaves in the next call, test() among them. None of the four allocates, and between mapped ranks
/// none makes a system call while the others keep up.
///
/// The form is that of DeepEP's low-latency kernels (Zhao et al., "DeepEP: an efficient
/// expert-parallel communication library", 2025) and of what vLLM and FlashInfer build on NVSHMEM:
/// a receive area for each source rank, written by puts; a token's count comes in the word that
/// announces it; two areas take turns. As in DeepEP's other mode, a token goes to each rank once,
/// with the list of its experts there. Outputs come back for each choice by itself, so that they
/// are added up in the order k = 0, 1, ... whatever their ranks. Between ranks that map each
/// other's memory a token is copied once, from the user's memory to where the expert reads it;
/// within a rank it is not copied at all.
///
/// Waits throw Error(timeout) after their time-out (default: the communicator's), and
/// Error(peer_failed) where a rank that is waited for is gone; both name the rank. Neither poisons
/// the communicator, and the plan stays as it was: the same finish may be called again, after
/// exclude() as a rule.
class WEFT_API MoePlan {
 public:
  MoePlan();
  MoePlan(MoePlan&&) noexcept;
  MoePlan& operator=(MoePlan&&) noexcept;
  ~MoePlan();

  /// Sends `count` tokens of token_bytes each, one after another, to the ranks of their experts.
  /// `expert_ids` holds count x top_k numbers, -1 for none; it is not needed after this returns.
  /// `tokens` stays as it is until combine_start() (without a combine: until the arrivals are done
  /// with). Throws Error(invalid_argument) for more than max_tokens, an expert out of range, or
  /// where another step is due; nothing was written then.
  void dispatch_start(const void* tokens, const std::int32_t* expert_ids, int count);
  /// Blocks until every live rank's tokens are here.
  MoeArrivals dispatch_finish();
  MoeArrivals dispatch_finish(std::chrono::nanoseconds timeout);

  /// Sends outputs to where their tokens came from. Row i (`hidden` elements of `type`) is what was
  /// made of arrivals.rows[i]. `outputs` stays as it is until combine_finish() returns.
  void combine_start(const void* outputs);
  /// Blocks until all outputs for this rank's tokens are here, and writes count x hidden elements:
  ///
  ///   output[t] = sum over k of weights[t * top_k + k] * (output of expert expert_ids[t][k])
  ///
  /// in the order of k, in f32 (products rounded, too), rounded to `type` once. Choices of -1 count
  /// as nothing, and so do those whose rank is excluded and did not answer: they are returned, by
  /// token and k, good until the next dispatch_start().
  std::span<const MoeMissing> combine_finish(void* output, const float* weights);
  std::span<const MoeMissing> combine_finish(void* output, const float* weights,
                                             std::chrono::nanoseconds timeout);

  /// Moves things on and tells whether the finish that is due would not block. Does not block.
  bool test();

  /// Copies the tokens of rows into one matrix, for those who need it.
  void pack(std::span<const MoeRow> rows, void* into) const;

  /// From now on goes on without a rank that is gone: nothing is sent to it or awaited from it, its
  /// experts give nothing (MoeMissing). Every survivor calls it, each when it learns of the end,
  /// between any two of the calls above; it does not communicate. An excluded rank must not run
  /// calls of this plan any more: nothing keeps its late writes out. Where a rank is excluded for
  /// being late, before its transport found it gone, `tokens` and `outputs` of that call may be
  /// read on: keep them. Throws Error(invalid_argument) for this rank or none.
  void exclude(int rank);
  /// Which ranks are not excluded.
  bool live(int rank) const;
  /// Ranks that are known to be gone and not excluded yet, whom to exclude after
  /// Error(peer_failed).
  std::vector<int> lost() const;

  /// Memory of this rank that the plan keeps for peers to write to.
  std::size_t bytes() const;

  struct State;

 private:
  friend class Communicator;
  State& state() const;
  std::unique_ptr<State> state_;
};

}  // namespace weft
