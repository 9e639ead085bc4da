#include "communicator/collectives/quantized_recipe.h"
#include "communicator/agreement.h"

#include <fmt/format.h>

#include <algorithm>

#include "algorithms/table.h"
#include "base/error.h"
#include "base/float_environment.h"

namespace weft {

using algorithms::named;
using reduce::encoded_bytes;
using reduce::kBlockBytes;
using reduce::kBlockElements;

namespace {

// Up to so many bytes, sent by each rank, everyone adds up everything where there are more than
// two; communicator.h names the number.
constexpr std::size_t kMostSentBytes = std::size_t{128} << 10;
// Schedules of more ranks are not worth their making.
constexpr int kMostOneShotRanks = 64;

}  // namespace

QuantizedRecipe::QuantizedRecipe(Communicator::Impl& owner, const QuantizedCall& call)
    : communicator_(owner),
      call_(call),
      codec_(reduce::codec(call.type, call.form)),
      wanted_(owner.programs->wanted(Collective::all_reduce)) {
  Announcement mine;
  mine.call = call.call().packed();
  mine.count = call.count;
  owner.announce(mine);
  const std::size_t bytes = encoded_bytes(call.count);
  const std::size_t stride = (bytes + kCacheLine) / kCacheLine * kCacheLine;
  memory_ = std::make_unique<std::byte[]>(2 * stride + kCacheLine);
  codes_ =
      memory_.get() + (kCacheLine - reinterpret_cast<std::uintptr_t>(memory_.get()) % kCacheLine);
  sum_ = codes_ + stride;
  registered_ = owner.registered(codes_, stride + bytes);
  const auto program = [&](const algorithms::Algorithm& algorithm) {
    const auto* result = &owner.programs->compile_choice({&algorithm, Protocol::bulk, 1}, 0, bytes);
    return result->max_chunk_bytes < kBlockBytes ? nullptr : result;
  };
  if (owner.ranks() > 1 && owner.ranks() <= kMostOneShotRanks)
    one_shot_ = program(named(Collective::all_reduce, "one_shot"));
  two_shot_ = program(named(Collective::all_reduce, "two_shot"));
  if (two_shot_ == nullptr) {
    fail(ErrorCode::unsupported,
         "plan_all_reduce_quantized: slots of less than {} bytes: raise WEFT_SHARED_BYTES",
         kBlockBytes);
  }
}

// Between two ranks both ways send the same, and one rounding is fewer.
bool QuantizedRecipe::one_shot(std::size_t count) const {
  if (one_shot_ == nullptr) return false;
  if (!wanted_.empty()) return wanted_ == "one_shot";
  const auto peers = static_cast<std::size_t>(communicator_.ranks() - 1);
  return peers == 1 || encoded_bytes(count) * peers <= kMostSentBytes;
}

executor::Launch QuantizedRecipe::launch(std::size_t count) const {
  executor::Call call = call_.call();
  call.count = count;
  const bool one = one_shot(count);
  const std::size_t blocks = encoded_bytes(count) / kBlockBytes;
  executor::Launch launch = Programs::launch_units(call, one ? *one_shot_ : *two_shot_,
                                                   communicator_.ranks(), blocks, kBlockBytes);
  launch.kernel = codec_.recode;
  launch.element_shift = 0;
  launch.input = codes_;
  launch.output = sum_;
  if (one) {
    launch.epilogue.context = this;
    launch.epilogue.run = [](const void* context, const executor::FinalBlock& block) {
      static_cast<const QuantizedRecipe*>(context)->finish(block);
    };
  }
  return launch;
}

void QuantizedRecipe::attach(executor::Operation* operation) {
  operation->prepare_context = operation->complete_context = this;
  operation->prepare = [](executor::Operation* next, void* context) {
    static_cast<QuantizedRecipe*>(context)->encode(next->launch.call.count);
  };
  operation->complete = [](executor::Operation* done, void* context) {
    if (done->launch.epilogue.run != nullptr) return;
    static_cast<const QuantizedRecipe*>(context)->decode_sum();
  };
}

void QuantizedRecipe::encode(std::size_t count) {
  count_ = count;
  const FloatEnvironment environment;
  codec_.encode(call_.input, count, codes_);
}

void QuantizedRecipe::finish(const executor::FinalBlock& block) const {
  const std::byte* codes[schedule::kMaxSources];
  for (int s = 0; s < block.src_count; ++s) codes[s] = static_cast<const std::byte*>(block.srcs[s]);
  const std::size_t first = block.offset / kBlockBytes * kBlockElements;
  const std::size_t elements = block.bytes / kBlockBytes * kBlockElements;
  codec_.decode(codes, block.src_count,
                static_cast<std::byte*>(call_.output) + first * size_of(call_.type),
                std::min(elements, count_ - first));
}

void QuantizedRecipe::decode_sum() const {
  const FloatEnvironment environment;
  const std::byte* codes = sum_;
  codec_.decode(&codes, 1, call_.output, count_);
}

std::string QuantizedRecipe::describe(std::size_t count) const {
  return fmt::format("{}, {}", weft::describe(launch(count)), name_of(call_.form));
}

std::unique_ptr<Plan::State> plan_quantized(Communicator::Impl& communicator,
                                            const QuantizedCall& call) {
  together(communicator, "plan_all_reduce_quantized", [&] { check_arguments(call); });
  return std::make_unique<Plan::State>(communicator, call.call(),
                                       std::make_unique<QuantizedRecipe>(communicator, call));
}

}  // namespace weft
