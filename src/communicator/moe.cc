// Plans that take tokens to experts: arguments, agreement and memory.
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/handle.h"
#include "communicator/agreement.h"
#include "communicator/impl.h"
#include "communicator/memory/shared_parts.h"
#include "p2p/moe/moe_exchange.h"

namespace weft {
namespace {

using p2p::MoeShape;

// What every rank must have asked for alike. Plain bytes.
struct Terms {
  std::int32_t experts = 0;
  std::int32_t top_k = 0;
  std::int32_t max_tokens = 0;
  std::uint32_t type = 0;
  std::uint64_t hidden = 0;
  std::uint64_t token_bytes = 0;
  friend bool operator==(const Terms&, const Terms&) = default;

  std::string describe() const {
    return fmt::format("{} experts, top_k {}, {} tokens of {} bytes, outputs of {} {}", experts,
                       top_k, max_tokens, token_bytes, hidden,
                       name_of(static_cast<DataType>(type)));
  }
};

template <typename... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
  fail(ErrorCode::invalid_argument, format, std::forward<Args>(args)...);
}

void check(const MoeOptions& options, int ranks) {
  if (options.experts <= 0 || options.experts % ranks != 0)
    refuse("{} experts are no multiple of {} ranks", options.experts, ranks);
  if (options.top_k < 1 || options.top_k > reduce::kMaxWeighted)
    refuse("top_k is {}, not 1 to {}", options.top_k, reduce::kMaxWeighted);
  if (options.max_tokens < 1 || options.max_tokens > p2p::MoeWord::kMaxCount) {
    refuse("max_tokens is {}, not 1 to {}", options.max_tokens,
           static_cast<int>(p2p::MoeWord::kMaxCount));
  }
  if (reduce::weighted_sum(options.type) == nullptr)
    refuse("outputs of {}; f32, bf16 and f16 are combined", name_of(options.type));
  const std::uint64_t rows = static_cast<std::uint64_t>(options.max_tokens) *
                             static_cast<std::uint64_t>(options.top_k) *
                             static_cast<std::uint64_t>(ranks);
  constexpr std::size_t kMost = std::size_t{1} << 32;  // bytes of a token
  if (options.hidden == 0 || options.hidden >= kMost || options.token_bytes >= kMost)
    refuse("{} elements and {} bytes of a token", options.hidden, options.token_bytes);
  if (rows > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()))
    refuse("{} rows may arrive, more than 2^31 - 1", rows);
}

// After the check.
MoeShape shape_of(const MoeOptions& options, int rank, int ranks) {
  MoeShape shape{rank, ranks, options.experts, options.top_k, options.max_tokens, 0, 0};
  shape.output_bytes = options.hidden * size_of(options.type);
  shape.token_bytes = options.token_bytes > 0 ? options.token_bytes : shape.output_bytes;
  return shape;
}

// Collective.
MoeShape agreed_shape(Communicator::Impl& communicator, const MoeOptions& options) {
  together(communicator, "plan_moe", [&] { check(options, communicator.ranks()); });
  const MoeShape shape = shape_of(options, communicator.rank(), communicator.ranks());
  const Terms mine{shape.experts,    shape.top_k,
                   shape.max_tokens, static_cast<std::uint32_t>(options.type),
                   options.hidden,   shape.token_bytes};
  std::vector<Terms> all(static_cast<std::size_t>(communicator.ranks()));
  communicator.gather(&mine, all.data(), sizeof(Terms));
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    fail(ErrorCode::mismatch, "plan_moe differs: rank 0 asks for {}; rank {} for {}",
         all[0].describe(), rank, all[rank].describe());
  }
  return shape;
}

}  // namespace

struct MoePlan::State {
  State(Communicator::Impl& owner, const MoeOptions& options)
      : keeps(owner.shared_from_this()),
        communicator(owner),
        links(owner.links()),
        shape(agreed_shape(owner, options)),
        parts(owner, "plan_moe", p2p::MoeLayout(shape).total()),
        exchange(*owner.endpoint, shape, options.type, parts.data(), parts.all()) {}

  void check_rank(const char* call, int rank) const {
    if (rank < 0 || rank >= shape.ranks)
      fail(ErrorCode::invalid_argument, "{}: rank {} of {}", call, rank, shape.ranks);
  }
  std::chrono::nanoseconds timeout() const { return communicator.executor->timeout(); }

  const std::shared_ptr<Communicator::Impl> keeps;  // as long as this lives
  Communicator::Impl& communicator;
  links::Links& links;
  const MoeShape shape;
  SharedParts parts;
  p2p::MoeExchange exchange;  // goes first: it waits for what is on its way
};

MoePlan Communicator::plan_moe(const MoeOptions& options) {
  MoePlan plan;
  plan.state_ = std::make_unique<MoePlan::State>(*impl_, options);
  return plan;
}

MoePlan::State& MoePlan::state() const {
  State& here = filled(state_, "MoePlan", "Communicator::plan_moe()");
  here.links.enter();
  return here;
}

void MoePlan::dispatch_start(const void* tokens, const std::int32_t* expert_ids, int count) {
  state().exchange.dispatch_start(tokens, expert_ids, count);
}

MoeArrivals MoePlan::dispatch_finish() { return dispatch_finish(state().timeout()); }
MoeArrivals MoePlan::dispatch_finish(std::chrono::nanoseconds timeout) {
  return state().exchange.dispatch_finish(timeout);
}

void MoePlan::combine_start(const void* outputs) { state().exchange.combine_start(outputs); }

std::span<const MoeMissing> MoePlan::combine_finish(void* output, const float* weights) {
  return combine_finish(output, weights, state().timeout());
}
std::span<const MoeMissing> MoePlan::combine_finish(void* output, const float* weights,
                                                    std::chrono::nanoseconds timeout) {
  return state().exchange.combine_finish(output, weights, timeout);
}

bool MoePlan::test() { return state().exchange.test(); }

void MoePlan::pack(std::span<const MoeRow> rows, void* into) const {
  const std::size_t bytes = state().shape.token_bytes;
  auto* to = static_cast<std::byte*>(into);
  for (const MoeRow& row : rows) {
    std::memcpy(to, row.token, bytes);
    to += bytes;
  }
}

void MoePlan::exclude(int rank) {
  State& here = state();
  here.check_rank("exclude", rank);
  if (rank == here.shape.rank)
    fail(ErrorCode::invalid_argument, "exclude: rank {} is this one", rank);
  here.exchange.exclude(rank);
}

bool MoePlan::live(int rank) const {
  state().check_rank("live", rank);
  return state().exchange.live(rank);
}

std::vector<int> MoePlan::lost() const {
  const State& here = state();
  std::vector<int> ranks;
  for (int rank = 0; rank < here.shape.ranks; ++rank) {
    if (rank != here.shape.rank && here.exchange.live(rank) &&
        here.communicator.endpoint->failure(rank) != nullptr)
      ranks.push_back(rank);
  }
  return ranks;
}

std::size_t MoePlan::bytes() const { return state().parts.bytes(); }

}  // namespace weft
