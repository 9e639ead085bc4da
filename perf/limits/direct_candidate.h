// All-reduce of f32 sums by two threads that reach each other's memory: the ways a machine can do
// it, without a library.
#pragma once

#include "perf/common/candidate.h"
#include "perf/limits/buffer_memory.h"
#include "perf/limits/kernels.h"
#include "perf/limits/pair.h"

#include <string_view>

namespace weft::perf {

enum class Strategy {
  lines,            // inputs cross in cache lines that carry their flag
  inbox,            // inputs are copied to the other's in-box, one flag, then reduced
  one_shot,         // both read both inputs between two barriers
  halves,           // each reduces one half into both outputs between two barriers
  halves_streamed,  // the same with stores that pass the caches by
};
inline constexpr Strategy kStrategies[] = {Strategy::lines, Strategy::inbox, Strategy::one_shot,
                                           Strategy::halves, Strategy::halves_streamed};

std::string_view text_of(Strategy strategy);

class DirectCandidate : public Candidate {
 public:
  // `pair` is shared by the candidates of both threads and outlives them.
  DirectCandidate(ThreadPair& pair, int rank, Strategy strategy,
                  BufferMemory memory = BufferMemory::plain);

  std::string name() const override { return "limit"; }
  int rank() const override { return rank_; }
  int size() const override { return kPair; }
  bool supports(const Operation& operation) const override;
  Memory allocate(std::size_t bytes) override { return allocate_memory(memory_, bytes); }
  void prepare(const Operation& operation) override;
  void run() override;
  void barrier() override;
  std::int64_t sum_over_ranks(std::int64_t value) override;

 private:
  void run_lines();
  void run_inbox();
  void run_one_shot();
  void run_halves(SumKernel sum);
  std::size_t middle() const;

  PairSide& mine_;
  PairSide& other_;
  int rank_;
  Strategy strategy_;
  BufferMemory memory_;
  SumKernel cached_ = cached_sum();
  SumKernel streamed_ = streaming_sum();
  std::uint64_t barriers_;
  std::uint64_t fills_;
  const float* input_ = nullptr;
  float* output_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace weft::perf
