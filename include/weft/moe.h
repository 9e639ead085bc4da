/// The exchanges of a mixture-of-experts layer whose experts are spread over ranks: tokens go to
/// the experts that a router chose, and the outputs come back.
#pragma once

#include <weft/export.h>
#include <weft/handle.h>
#include <weft/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weft {

/// The size of a layer. Every rank must pass the same.
struct MoeOptions {
  int experts = 0;         ///< experts of all ranks together, a multiple of the number of ranks:
                           ///< expert e is at rank e / (experts / ranks)
  int top_k = 0;           ///< experts per token, 1 to 64
  int max_tokens = 0;      ///< the most tokens that a rank dispatches in one call, 1 to 2^20 - 1
  std::size_t hidden = 0;  ///< elements of an expert's output for a token
  DataType type = DataType::bf16;  ///< the type of these elements: f32, bf16 or f16
  std::size_t token_bytes = 0;     ///< bytes of a token that dispatch carries and does not look at
                                   ///< (codes and scales, say); 0: `hidden` elements of `type`
};

/// One token for one expert of this rank.
struct MoeRow {
  const void* token = nullptr;  ///< MoeOptions::token_bytes bytes
  std::int32_t source = 0;      ///< the rank it comes from
  std::int32_t index = 0;       ///< which of that rank's tokens, and
  std::int32_t k = 0;           ///< which of its top_k choices
};

/// What arrived for the experts of this rank. These are views into the plan, valid until its next
/// dispatch_start().
struct MoeArrivals {
  /// Rows sorted by expert, then by source rank, then by the token's index there, then by k. The
  /// routing alone decides this order; the order of arrival does not matter. A token for several
  /// experts of this rank lies in memory once.
  std::span<const MoeRow> rows;
  /// The index of each local expert's first row, and at the end the number of rows: experts / ranks
  /// + 1 entries.
  std::span<const std::int32_t> first;
  /// The number of rows by local expert and source rank: [experts / ranks, ranks].
  std::span<const std::int32_t> counts;

  /// The rows of a local expert; 0 is the rank's first.
  std::span<const MoeRow> of(int expert) const {
    const auto at = static_cast<std::size_t>(expert);
    return rows.subspan(static_cast<std::size_t>(first[at]),
                        static_cast<std::size_t>(first[at + 1] - first[at]));
  }
};

/// A choice of a token that has no output, because the expert's rank is excluded.
struct MoeMissing {
  std::int32_t token = 0;
  std::int32_t k = 0;
};

/// The two exchanges of a mixture-of-experts layer, prepared once and run many times.
/// Communicator::plan_moe() makes plans. Move-only. It must end before its communicator. One thread
/// at a time uses it. Every call of an empty plan throws Error(invalid_argument).
///
/// Each rank must make these calls, in this order and as often as the others:
///
///   plan.dispatch_start(tokens, expert_ids, count);   // counts may differ, and may be 0
///   ...                                               // work that needs no tokens of others
///   const MoeArrivals arrivals = plan.dispatch_finish();
///   ...                                               // outputs[i] = expert(arrivals.rows[i])
///   plan.combine_start(outputs);
///   ...                                               // work that needs no outputs of others
///   plan.combine_finish(output, weights);
///
/// All ranks may leave out the combine in the same calls. Two batches under way at once need two
/// plans. A start never waits for another rank; data that a full queue of a transport did not take
/// leaves in the next call of the plan, test() included. None of the four calls allocates, and
/// between mapped ranks none makes a system call while the others keep up.
///
/// The form is that of DeepEP's low-latency kernels (Zhao et al., "DeepEP: an efficient
/// expert-parallel communication library", 2025) and of what vLLM and FlashInfer build on NVSHMEM:
/// each source rank has a receive area that it writes by puts, the word that announces tokens holds
/// their count, and two areas take turns. As in DeepEP's other mode, a token goes to each rank
/// once, with the list of its experts there. The output of each choice comes back separately, so
/// that outputs are added up in the order k = 0, 1, ... whatever their ranks. Between ranks that
/// map each other's memory a token is copied once, from the user's memory to the place where the
/// expert reads it; within a rank it is not copied at all.
///
/// Blocking calls throw Error(timeout) after their time-out (default: the communicator's), and
/// Error(peer_failed) if a rank that they wait for is gone; both errors name the rank. Neither
/// poisons the communicator, and the plan stays as it was: the caller may repeat the same finish,
/// usually after exclude().
class WEFT_API MoePlan {
 public:
  /// Sends `count` tokens to the ranks of their experts. `tokens` is [count, token_bytes]; it must
  /// stay unchanged until combine_start(), or without a combine until the caller needs the arrivals
  /// no more. `expert_ids` is [count, top_k], -1 for no expert; it may be reused at once. Does not
  /// block. Throws Error(invalid_argument) for more than max_tokens, for an expert out of range,
  /// and if another step is due; nothing was written then.
  void dispatch_start(const void* tokens, const std::int32_t* expert_ids, int count);
  /// Blocks until the tokens of every live rank are here. Throws Error(timeout, peer_failed).
  MoeArrivals dispatch_finish();
  MoeArrivals dispatch_finish(std::chrono::nanoseconds timeout);

  /// Sends outputs to the ranks that the tokens came from. `outputs` is [arrivals.rows.size(),
  /// hidden] of `type`, row i for arrivals.rows[i]; it must stay unchanged until combine_finish()
  /// returns. Does not block.
  void combine_start(const void* outputs);
  /// Blocks until all outputs for this rank's tokens are here, and writes `output` [count, hidden]:
  ///
  ///   output[t] = sum over k of weights[t * top_k + k] * (output of expert expert_ids[t][k])
  ///
  /// in the order of k, in f32 (products are rounded too), rounded to `type` once. `weights` is
  /// [count, top_k]. Choices of -1 add nothing. Choices whose rank is excluded and did not answer
  /// add nothing either and are returned, by token and k, valid until the next dispatch_start().
  /// Throws Error(timeout, peer_failed).
  std::span<const MoeMissing> combine_finish(void* output, const float* weights);
  std::span<const MoeMissing> combine_finish(void* output, const float* weights,
                                             std::chrono::nanoseconds timeout);

  /// Advances transfers and returns whether the next finish would return at once. Does not block.
  bool test();

  /// Copies the tokens of rows into one matrix `into` [rows.size(), token_bytes].
  void pack(std::span<const MoeRow> rows, void* into) const;

  /// Continues without a rank that is gone: from now on nothing is sent to it or awaited from it,
  /// and its experts give no output (MoeMissing). Every other rank must call it, each when it
  /// learns of the failure, between any two of the calls above. Does not communicate and does not
  /// block. An excluded rank must not make calls of this plan any more, since nothing keeps its
  /// late writes out. If a rank is excluded for being late, before its transport has reported it
  /// gone, then `tokens` and `outputs` of that call may still be read: keep them. Throws
  /// Error(invalid_argument) for this rank and for a rank that does not exist.
  void exclude(int rank);
  /// Whether a rank is not excluded.
  bool live(int rank) const;
  /// The ranks that are known to be gone and are not excluded yet: those to exclude after
  /// Error(peer_failed).
  std::vector<int> lost() const;

  /// Bytes of this rank's memory that the plan keeps for peers to write to.
  std::size_t bytes() const;

  struct State;

 private:
  friend class Communicator;
  State& state() const;
  detail::Handle<State> state_;
};

}  // namespace weft
