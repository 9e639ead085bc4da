// The reduction and copy kernels against the machine: every row shows the bytes it reads and writes
// per second (bytes_per_second), and as of_copy their ratio to what the best plain copy moves
// between two buffers that take as much memory as the row's operands together.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "reduce/reduce.h"

namespace {

using weft::DataType;
using weft::ReduceOp;
using weft::reduce::Store;

constexpr std::int64_t kCachedBytes[] = {8, 64, 1 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20};
constexpr std::int64_t kStreamedBytes = 128 << 20;

struct Free {
  void operator()(void* memory) const { ::operator delete(memory, std::align_val_t{4096}); }
};

// Page-aligned buffers of one size, at addresses that do not share cache sets.
class Buffers {
 public:
  Buffers(int count, std::size_t bytes) {
    for (int i = 0; i < count; ++i) {
      const std::size_t shift =
          static_cast<std::size_t>(i) * 4096 + static_cast<std::size_t>(i) * 256;
      memory_.emplace_back(::operator new(bytes + shift, std::align_val_t{4096}));
      pointers_.push_back(static_cast<std::byte*>(memory_.back().get()) + shift);
      std::memset(pointers_.back(), i == 0 ? 0 : 1, bytes);
    }
  }
  void* const* data() const { return pointers_.data(); }
  void* operator[](int i) const { return pointers_[static_cast<std::size_t>(i)]; }

 private:
  std::vector<std::unique_ptr<void, Free>> memory_;
  std::vector<void*> pointers_;
};

// Bytes per second, read plus written, of the better of memcpy and copy() for `bytes`; the best of
// several tries.
double copy_rate(std::size_t bytes, Store store) {
  static std::map<std::pair<std::size_t, Store>, double> known;
  double& rate = known[{bytes, store}];
  if (rate != 0) return rate;
  const Buffers buffers(2, bytes);
  const std::size_t repeats =
      std::max<std::size_t>(1, (32 << 20) / std::max<std::size_t>(bytes, 1 << 10));
  for (int attempt = 0; attempt < 10; ++attempt) {
    const std::clock_t begin = std::clock();
    for (std::size_t i = 0; i < repeats; ++i) {
      if (attempt % 2 == 0) {
        std::memcpy(buffers[0], buffers[1], bytes);
      } else {
        weft::reduce::copy(buffers.data(), 1, buffers[1], bytes, store);
      }
      benchmark::ClobberMemory();
    }
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    rate = std::max(rate, 2.0 * static_cast<double>(bytes * repeats) / seconds);
  }
  return rate;
}

void report(benchmark::State& state, std::size_t traffic, Store store) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(traffic));
  state.counters["of_copy"] =
      benchmark::Counter(static_cast<double>(traffic) / copy_rate(traffic / 2, store),
                         benchmark::Counter::kIsIterationInvariantRate);
}

void run_copy(benchmark::State& state, int dsts, std::size_t bytes, Store store) {
  const Buffers buffers(dsts + 1, bytes);
  for (auto _ : state) {
    weft::reduce::copy(buffers.data(), dsts, buffers[dsts], bytes, store);
    benchmark::ClobberMemory();
  }
  report(state, static_cast<std::size_t>(1 + dsts) * bytes, store);
}

struct Case {
  DataType type;
  ReduceOp op;
  int srcs;
  int dsts;
  std::size_t bytes;
  Store store;
};

void run_reduce(benchmark::State& state, const Case& c) {
  const Buffers buffers(c.srcs + c.dsts, c.bytes);
  const auto kernel = weft::reduce::kernel(c.type, c.op);
  const std::size_t count = c.bytes / weft::size_of(c.type);
  const int divisor = c.op == ReduceOp::avg ? c.srcs : 1;
  for (auto _ : state) {
    kernel(buffers.data(), c.dsts, buffers.data() + c.dsts, c.srcs, count, divisor, c.store);
    benchmark::ClobberMemory();
  }
  report(state, static_cast<std::size_t>(c.srcs + c.dsts) * c.bytes, c.store);
}

std::string size_name(std::size_t bytes) {
  if (bytes >= 1 << 20) return std::to_string(bytes >> 20) + "MiB";
  if (bytes >= 1 << 10) return std::to_string(bytes >> 10) + "KiB";
  return std::to_string(bytes) + "B";
}

void add_copy(int dsts, std::size_t bytes, Store store) {
  const std::string name = "copy/to:" + std::to_string(dsts) + "/" + size_name(bytes) +
                           (store == Store::streaming ? "/streaming" : "");
  benchmark::RegisterBenchmark(name.c_str(), run_copy, dsts, bytes, store);
}

void add_reduce(const Case& c) {
  const std::string name = std::string(weft::name_of(c.type)) + "/" +
                           std::string(weft::name_of(c.op)) + "/from:" + std::to_string(c.srcs) +
                           "/to:" + std::to_string(c.dsts) + "/" + size_name(c.bytes) +
                           (c.store == Store::streaming ? "/streaming" : "");
  benchmark::RegisterBenchmark(name.c_str(), run_reduce, c);
}

void add_all() {
  for (const int dsts : {1, 2}) {
    for (const auto bytes : kCachedBytes) add_copy(dsts, bytes, Store::cached);
    add_copy(dsts, kStreamedBytes, Store::streaming);
  }
  for (const auto& [srcs, dsts] : {std::pair{2, 1}, {2, 2}, {3, 1}, {4, 1}, {8, 1}, {4, 4}}) {
    for (const auto bytes : kCachedBytes) {
      add_reduce({DataType::f32, ReduceOp::sum, srcs, dsts, static_cast<std::size_t>(bytes),
                  Store::cached});
    }
    add_reduce({DataType::f32, ReduceOp::sum, srcs, dsts, kStreamedBytes, Store::streaming});
  }
  for (int type = 0; type < weft::kDataTypes; ++type) {
    for (int op = 0; op < weft::kReduceOps; ++op) {
      add_reduce({DataType(type), ReduceOp(op), 2, 1, 64 << 10, Store::cached});
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("kernels", weft::reduce::target_name());
  add_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
