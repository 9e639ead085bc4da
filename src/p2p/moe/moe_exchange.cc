#include "p2p/moe/moe_exchange.h"

#include <algorithm>

#include "base/error.h"
#include "base/float_environment.h"
#include "base/transport_kit.h"
#include "p2p/wait.h"

namespace weft::p2p {

MoeExchange::MoeExchange(Endpoint& endpoint, const MoeShape& shape, DataType type, std::byte* own,
                         std::span<const Remote> remotes)
    : endpoint_(endpoint),
      shape_(shape),
      layout_(shape),
      sum_(reduce::weighted_sum(type)),
      hidden_(shape.output_bytes / size_of(type)),
      own_(own),
      remotes_(remotes.begin(), remotes.end()),
      live_(remotes.size(), 1),
      routing_(shape),
      grouping_(shape),
      parcels_(remotes.size()),
      answered_(remotes.size()),
      missing_(shape.max_choices()) {
  // Runs of tokens, or one piece of each local expert's; the list.
  const std::size_t puts =
      static_cast<std::size_t>(std::max(shape.max_tokens, shape.local_experts())) + 2;
  for (int rank = 0; rank < shape.ranks; ++rank)
    queues_.push_back(std::make_unique<PutQueue>(endpoint, rank, mapped(rank) ? 0 : puts));
}

MoeExchange::~MoeExchange() {
  constexpr std::chrono::seconds kPatience{1};
  for (int rank = 0; rank < shape_.ranks; ++rank) {
    if (queue(rank).done()) continue;
    try {
      await(endpoint_, {"~MoePlan", rank}, kPatience, [&] {
        queue(rank).push();
        return queue(rank).done();
      });
    } catch (const Error&) {
      // The peer is gone, and the transport with it lets go of the memory.
    }
  }
}

void MoeExchange::expect(const char* call, Phase phase) const {
  if (phase_ == phase) return;
  constexpr const char* kDue[] = {"dispatch_start", "dispatch_finish",
                                  "combine_start or dispatch_start", "combine_finish"};
  fail(ErrorCode::invalid_argument, "{}: {} is due", call, kDue[static_cast<int>(phase_)]);
}

std::uint64_t MoeExchange::word(std::size_t offset) const {
  return transport::read_word(own_ + offset);
}

template <class Send>
void MoeExchange::to_others(Send send) {
  for (const bool now : {false, true}) {
    for (int step = 1; step < shape_.ranks; ++step) {
      const int rank = (shape_.rank + step) % shape_.ranks;
      if (!live(rank) || mapped(rank) != now) continue;
      send(rank);
      queue(rank).push();
    }
  }
}

void MoeExchange::dispatch_start(const void* tokens, const std::int32_t* ids, int count) {
  if (phase_ != Phase::arrived) expect("dispatch_start", Phase::idle);
  if (count < 0 || count > shape_.max_tokens) {
    fail(ErrorCode::invalid_argument, "dispatch_start: {} tokens, planned for at most {}", count,
         shape_.max_tokens);
  }
  if (count > 0 && (tokens == nullptr || ids == nullptr))
    fail(ErrorCode::invalid_argument, "dispatch_start: null tokens or expert_ids");
  routing_.check(ids, count);
  routing_.route(ids, count, live_);
  tokens_ = static_cast<const std::byte*>(tokens);
  ++epoch_;
  parity_ = static_cast<unsigned>(epoch_ % 2);
  phase_ = Phase::dispatching;
  to_others([this](int rank) { dispatch_to(rank); });
}

// Tokens that follow one another at both ends go together.
void MoeExchange::dispatch_to(int rank) {
  PutQueue& puts = queue(rank);
  puts.clear();
  const int count = routing_.tokens_to(rank);
  const std::size_t there = layout_.tokens(parity_, rank, shape_.rank);
  for (int begin = 0, end; begin < count; begin = end) {
    const std::int32_t token = routing_.token_to(rank, begin);
    for (end = begin + 1; end < count; ++end) {
      if (routing_.token_to(rank, end) != token + (end - begin)) break;
    }
    puts.put(tokens_ + static_cast<std::size_t>(token) * shape_.token_bytes,
             remote(rank, there + static_cast<std::size_t>(begin) * shape_.token_bytes),
             static_cast<std::size_t>(end - begin) * shape_.token_bytes);
  }
  if (count > 0) {
    const std::span<const std::int32_t> list = routing_.list_to(rank);
    puts.put(list.data(), remote(rank, layout_.list(parity_, rank, shape_.rank)),
             list.size_bytes());
  }
  puts.signal(remote(rank, layout_.dispatched(parity_, shape_.rank)), MoeWord::pack(epoch_, count));
}

bool MoeExchange::dispatched(int rank) const {
  return word(layout_.dispatched(parity_, rank)) >= MoeWord::pack(epoch_, 0);
}

// Outputs of a rank are awaited where it got tokens.
bool MoeExchange::combined(int rank) const {
  return routing_.tokens_to(rank) == 0 || word(layout_.combined(rank)) >= epoch_;
}

void MoeExchange::push() {
  for (int rank = 0; rank < shape_.ranks; ++rank) {
    if (live(rank)) queue(rank).push();
  }
}

template <class Here>
bool MoeExchange::all_here(Here here) {
  push();
  for (int rank = 0; rank < shape_.ranks; ++rank) {
    if (rank == shape_.rank || !live(rank) || (here(rank) && queue(rank).done())) continue;
    if (endpoint_.failure(rank) == nullptr) return false;
  }
  return true;
}

// Until every live rank's words are here and its puts have left. One deadline for all.
template <class Here>
void MoeExchange::await_all(const char* call, std::chrono::nanoseconds timeout, Here here) {
  const auto await_one = [&](int rank, std::chrono::nanoseconds left) {
    await(endpoint_, {call, rank}, left, [&] {
      push();
      return here(rank) && queue(rank).done();
    });
  };
  std::int64_t started = -1;
  for (int step = 1; step < shape_.ranks; ++step) {
    const int rank = (shape_.rank + step) % shape_.ranks;
    if (!live(rank)) continue;
    if (!here(rank) || !queue(rank).done()) {
      const std::int64_t now = endpoint_.clock().now_ns();
      if (started < 0) started = now;
      await_one(rank, std::max(timeout - std::chrono::nanoseconds(now - started),
                               std::chrono::nanoseconds(0)));
    }
    queue(rank).check();
  }
}

// What a rank sent; nothing where it is excluded.
MoeParcel MoeExchange::parcel(int source) const {
  if (source == shape_.rank)
    return {routing_.tokens_to(source), routing_.list_to(source).data(), tokens_, true};
  if (!live(source)) return {};
  return {MoeWord::count(word(layout_.dispatched(parity_, source))),
          reinterpret_cast<const std::int32_t*>(own_ + layout_.list(parity_, shape_.rank, source)),
          own_ + layout_.tokens(parity_, shape_.rank, source), false};
}

MoeArrivals MoeExchange::dispatch_finish(std::chrono::nanoseconds timeout) {
  expect("dispatch_finish", Phase::dispatching);
  await_all("dispatch_finish", timeout, [this](int rank) { return dispatched(rank); });
  for (int source = 0; source < shape_.ranks; ++source)
    parcels_[static_cast<std::size_t>(source)] = parcel(source);
  if (const int wrong = grouping_.group(parcels_); wrong >= 0) {
    fail(ErrorCode::internal, "dispatch_finish: {} sent a list that makes no sense",
         endpoint_.describe(wrong));
  }
  phase_ = Phase::arrived;
  return grouping_.arrivals();
}

void MoeExchange::combine_start(const void* outputs) {
  expect("combine_start", Phase::arrived);
  if (outputs == nullptr && grouping_.rows() > 0)
    fail(ErrorCode::invalid_argument, "combine_start: null outputs");
  outputs_ = static_cast<const std::byte*>(outputs);
  phase_ = Phase::combining;
  to_others([this](int rank) { combine_to(rank); });
}

// In the order in which the source has placed them: expert, then token and k.
void MoeExchange::combine_to(int rank) {
  PutQueue& puts = queue(rank);
  puts.clear();
  if (parcels_[static_cast<std::size_t>(rank)].tokens == 0) return;
  auto output = static_cast<std::size_t>(grouping_.outputs_of(rank));
  for (int expert = 0; expert < shape_.local_experts(); ++expert) {
    const auto rows = static_cast<std::size_t>(grouping_.count(expert, rank));
    if (rows == 0) continue;
    const auto first = static_cast<std::size_t>(grouping_.first_row(expert, rank));
    puts.put(outputs_ + first * shape_.output_bytes,
             remote(rank, layout_.outputs() + output * shape_.output_bytes),
             rows * shape_.output_bytes);
    output += rows;
  }
  puts.signal(remote(rank, layout_.combined(shape_.rank)), epoch_);
}

std::span<const MoeMissing> MoeExchange::combine_finish(void* output, const float* weights,
                                                        std::chrono::nanoseconds timeout) {
  expect("combine_finish", Phase::combining);
  const int count = routing_.tokens();
  if (count > 0 && (output == nullptr || weights == nullptr))
    fail(ErrorCode::invalid_argument, "combine_finish: null output or weights");
  await_all("combine_finish", timeout, [this](int rank) { return combined(rank); });
  for (int rank = 0; rank < shape_.ranks; ++rank)
    answered_[static_cast<std::size_t>(rank)] = rank == shape_.rank || combined(rank);
  missing_.clear();
  for (int token = 0; token < count; ++token) {
    sum_token(
        token, weights + static_cast<std::size_t>(token) * shape_.top_k,
        static_cast<std::byte*>(output) + static_cast<std::size_t>(token) * shape_.output_bytes);
  }
  phase_ = Phase::idle;
  return missing_;
}

void MoeExchange::sum_token(int token, const float* weights, std::byte* output) {
  const void* rows[reduce::kMaxWeighted];
  float factors[reduce::kMaxWeighted];
  int count = 0;
  for (std::int32_t k = 0; k < shape_.top_k; ++k) {
    const MoeRouting::Choice& choice = routing_.choice(token, k);
    if (choice.home < 0) continue;
    if (choice.output < 0 || answered_[static_cast<std::size_t>(choice.home)] == 0) {
      missing_.push_back({token, k});
      continue;
    }
    rows[count] = output_of(choice);
    factors[count++] = weights[k];
  }
  const FloatEnvironment environment;
  sum_(output, rows, factors, count, hidden_);
}

// Those of this rank's own experts are where the user left them.
const std::byte* MoeExchange::output_of(const MoeRouting::Choice& choice) const {
  if (choice.home != shape_.rank) {
    return own_ + layout_.outputs() + static_cast<std::size_t>(choice.output) * shape_.output_bytes;
  }
  const std::int32_t local = choice.expert - shape_.rank * shape_.local_experts();
  const std::int32_t row = grouping_.first_row(local, shape_.rank) + choice.output -
                           routing_.first_output(choice.expert);
  return outputs_ + static_cast<std::size_t>(row) * shape_.output_bytes;
}

// A rank that is gone does not block the finish either: that throws.
bool MoeExchange::test() {
  endpoint_.progress();
  endpoint_.look(endpoint_.clock().now_ns());
  switch (phase_) {
    case Phase::dispatching:
      return all_here([this](int rank) { return dispatched(rank); });
    case Phase::combining:
      return all_here([this](int rank) { return combined(rank); });
    default:
      return true;
  }
}

}  // namespace weft::p2p
