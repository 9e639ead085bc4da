// Tensor-parallel inference: the same all-reduce thousands of times, planned once. The buffers come
// from allocate(), so that ranks read and write each other's in place; start() allocates nothing,
// takes no lock and makes no system call; a late rank is an error within 2 s.
#include <weft/weft.h>

#include <chrono>
#include <cstdio>

namespace {

using namespace std::chrono_literals;

int decode(const weft::Options& options) {
  constexpr std::size_t kHidden = 8192, kMaxBatch = 16;
  auto comm = weft::Communicator::create(options);
  weft::Buffer activations = comm.allocate(kHidden * kMaxBatch * sizeof(float));
  auto* data = activations.as<float>();
  auto plan = comm.plan_all_reduce(data, data, kHidden * kMaxBatch, weft::DataType::f32,
                                   weft::ReduceOp::sum);
  constexpr int kTokens = 2000;
  const auto started = std::chrono::steady_clock::now();
  for (int token = 0; token < kTokens; ++token) {
    const std::size_t batch =
        1 + static_cast<std::size_t>(token) % kMaxBatch;  // the count may change
    for (std::size_t i = 0; i < batch * kHidden; ++i) data[i] = 1.0f;
    plan.start(batch * kHidden);
    plan.wait(2s);
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - started;
  if (comm.rank() == 0) {
    std::printf("%s\n%.2f us per token, result %g\n", plan.describe(kHidden).c_str(),
                took.count() / kTokens, data[0]);
  }
  return data[0] == static_cast<float>(comm.size()) ? 0 : 1;
}

}  // namespace

int main() { return weft::run_local_ranks(2, decode); }
