#include "communicator/collectives/autotune.h"
#include "communicator/agreement.h"

#include <algorithm>

#include "communicator/collectives/arguments.h"

namespace weft {
namespace {

// Memory to time on: allocated where buffers are mapped, else private.
class Scratch {
 public:
  // Collective.
  Scratch(Communicator::Impl& communicator, const BufferBytes& bytes, bool direct)
      : communicator_(communicator) {
    direct ? allocate(bytes) : together(communicator, "plan", [&] { reserve(bytes); });
  }
  ~Scratch() {
    for (const std::uint64_t id : ids_) communicator_.allocations->free(id);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void set(executor::Launch* launch) const {
    launch->input = input_;
    launch->output = output_;
    launch->peer_inputs = peers_.inputs.data();
    launch->peer_outputs = peers_.outputs.data();
  }

 private:
  void allocate(const BufferBytes& bytes) {
    const Communicator::Impl::Part input = communicator_.allocate(bytes.input);
    ids_.push_back(input.id);
    const Communicator::Impl::Part output = communicator_.allocate(bytes.output);
    ids_.push_back(output.id);
    input_ = static_cast<std::byte*>(input.data);
    output_ = static_cast<std::byte*>(output.data);
    for (int peer = 0; peer < communicator_.ranks(); ++peer) {
      peers_.inputs.push_back(communicator_.allocations->address(peer, {input.id, 0}));
      peers_.outputs.push_back(communicator_.allocations->address(peer, {output.id, 0}));
    }
  }
  void reserve(const BufferBytes& bytes) {
    const std::size_t input = (bytes.input + kCacheLine - 1) / kCacheLine * kCacheLine;
    memory_.resize(input + bytes.output + kCacheLine);
    input_ = memory_.data() +
             (kCacheLine - reinterpret_cast<std::uintptr_t>(memory_.data()) % kCacheLine);
    output_ = input_ + input;
  }

  Communicator::Impl& communicator_;
  std::vector<std::uint64_t> ids_;
  std::vector<std::byte> memory_;
  PeerBuffers peers_;
  std::byte* input_ = nullptr;
  std::byte* output_ = nullptr;
};

class Autotune {
 public:
  Autotune(Communicator::Impl& communicator, const executor::Call& call,
           const std::vector<const executor::Program*>& contenders, const Scratch& scratch)
      : communicator_(communicator), samples_(contenders.size()) {
    executor::Call timed = call;
    timed.internal = true;
    for (const executor::Program* program : contenders) {
      launches_.push_back(Programs::launch(timed, *program, communicator.ranks()));
      scratch.set(&launches_.back());
    }
  }

  std::size_t winner() {
    constexpr std::int64_t kBudgetNs = 4'000'000;
    constexpr int kWarmUps = 3;
    constexpr std::int64_t kMostRounds = 200;
    for (int i = 0; i < kWarmUps; ++i) round();
    const std::vector<std::int64_t> first = agreed_medians();
    std::int64_t round_ns = 1;
    for (const std::int64_t ns : first) round_ns += ns;
    const std::int64_t rounds = std::clamp<std::int64_t>(kBudgetNs / round_ns, 1, kMostRounds);
    // The first runs met cold caches.
    if (rounds >= kWarmUps) {
      for (auto& samples : samples_) samples.clear();
    }
    for (std::int64_t i = 0; i < rounds; ++i) round();
    const std::vector<std::int64_t> medians = agreed_medians();
    const auto best = std::ranges::min_element(medians);
    // What the model prefers gives way to a clear difference only.
    const bool clear = *best * 33 < medians.front() * 32;
    return clear ? static_cast<std::size_t>(best - medians.begin()) : 0;
  }

 private:
  // Every contender in turn, so that what disturbs the machine meets all.
  void round() {
    for (std::size_t i = 0; i < launches_.size(); ++i) {
      executor::Operation operation;
      operation.launch = launches_[i];
      const std::int64_t begin = communicator_.world().clock->now_ns();
      communicator_.executor->start_and_wait(&operation);
      samples_[i].push_back(communicator_.world().clock->now_ns() - begin);
    }
  }

  // Of each contender, the largest of all ranks' medians.
  std::vector<std::int64_t> agreed_medians() {
    std::vector<std::int64_t> medians;
    for (auto& samples : samples_) {
      const auto middle = samples.begin() + std::ssize(samples) / 2;
      std::nth_element(samples.begin(), middle, samples.end());
      medians.push_back(*middle);
    }
    const std::size_t count = medians.size();
    std::vector<std::int64_t> all(count * static_cast<std::size_t>(communicator_.ranks()));
    communicator_.gather(medians.data(), all.data(), count * sizeof(std::int64_t));
    for (std::size_t i = 0; i < all.size(); ++i) {
      medians[i % count] = std::max(medians[i % count], all[i]);
    }
    return medians;
  }

  Communicator::Impl& communicator_;
  std::vector<executor::Launch> launches_;
  std::vector<std::vector<std::int64_t>> samples_;
};

}  // namespace

const executor::Program* autotuned(Communicator::Impl& communicator, const executor::Call& call,
                                   bool direct) {
  constexpr std::size_t kMostContenders = 5;
  const std::vector<const executor::Program*> contenders =
      communicator.programs->contenders(call, direct, kMostContenders);
  if (contenders.size() == 1) return contenders.front();
  const Scratch scratch(communicator, buffer_bytes(call, communicator.ranks()), direct);
  return contenders[Autotune(communicator, call, contenders, scratch).winner()];
}

}  // namespace weft
