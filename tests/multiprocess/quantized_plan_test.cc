// Quantised all-reduce: its bound, its bits, what it makes of NaN.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "decode.h"

namespace weft::testing {
namespace {

double uniform(std::mt19937& random) { return static_cast<double>(random()) / 0x1p32; }

// Blocks of different magnitudes, some of zeros.
std::vector<double> block_values(DataType type, std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<double> values;
  double magnitude = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 128 == 0) magnitude = random() % 8 == 0 ? 0 : std::exp2(uniform(random) * 12 - 6);
    values.push_back((uniform(random) * 2 - 1) * magnitude);
  }
  const Bytes stored = encode(type, count, [&](std::size_t i) { return values[i]; });
  test::with_type(type, [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t i = 0; i < count; ++i) {
      T element;
      std::memcpy(&element, stored.data() + i * sizeof(T), sizeof(T));
      if constexpr (test::kIsHalf<T>) values[i] = element.value();
      if constexpr (!test::kIsHalf<T>) values[i] = static_cast<double>(element);
    }
  });
  return values;
}

double value_at(DataType type, const std::byte* data, std::size_t i) {
  return test::with_type(type, [&](auto zero) {
    using T = decltype(zero);
    T element;
    std::memcpy(&element, data + i * sizeof(T), sizeof(T));
    if constexpr (test::kIsHalf<T>) return element.value();
    if constexpr (!test::kIsHalf<T>) return static_cast<double>(element);
  });
}

// The largest magnitude of each block.
std::vector<double> block_largest(const std::vector<double>& x) {
  std::vector<double> largest((x.size() + 127) / 128);
  for (std::size_t i = 0; i < x.size(); ++i)
    largest[i / 128] = std::max(largest[i / 128], std::fabs(x[i]));
  return largest;
}

// communicator.h's e(x, i), where m(x) is `largest`.
double code_error(Quantization form, double x, double largest) {
  const double error =
      form == Quantization::int8 ? largest / 254 : std::max(std::fabs(x) / 16, largest / 458752);
  return error * (1 + 0x1p-14);
}

// What a result may be off by beyond the codes.
double rounding(DataType type, double sum, double magnitudes) {
  const double step = type == DataType::f32 ? 0x1p-23 : type == DataType::f16 ? 0x1p-11 : 0x1p-8;
  return std::fabs(sum) * step + magnitudes * 0x1p-21 + (type == DataType::f16 ? 0x1p-24 : 0);
}

void run_quantized(Communicator& comm, DataType type, Quantization form, std::size_t count,
                   bool in_place, const std::string& way) {
  const std::size_t bytes = count * size_of(type);
  Bytes input(bytes), output(bytes + 8, std::byte{0x77});
  void* to = in_place ? input.data() : output.data();
  Plan plan = comm.plan_all_reduce_quantized(input.data(), to, count, type, form);
  require(plan.describe(count).starts_with(way), plan.describe(count));
  const bool requantised = !plan.describe(count).starts_with("one_shot");
  for (const std::size_t now : {count, (count + 1) / 2, count}) {
    std::vector<std::vector<double>> inputs;
    for (int r = 0; r < comm.size(); ++r) {
      inputs.push_back(
          block_values(type, now, static_cast<unsigned>(r * 31) + static_cast<unsigned>(now)));
    }
    const auto& mine = inputs[static_cast<std::size_t>(comm.rank())];
    const Bytes encoded = encode(type, now, [&](std::size_t i) { return mine[i]; });
    std::memcpy(input.data(), encoded.data(), encoded.size());
    plan.start(now);
    plan.wait();
    std::vector<double> sum(now), bound(now), magnitudes(now);
    for (const auto& values : inputs) {
      const std::vector<double> largest = block_largest(values);
      for (std::size_t i = 0; i < now; ++i) {
        sum[i] += values[i];
        bound[i] += code_error(form, values[i], largest[i / 128]);
        magnitudes[i] += std::fabs(values[i]);
      }
    }
    // The sum that is encoded anew is not the exact one: it is off by the first codes' errors.
    std::vector<double> most(now);
    for (std::size_t i = 0; i < now; ++i) most[i] = std::fabs(sum[i]) + bound[i];
    const std::vector<double> largest = block_largest(most);
    for (std::size_t i = 0; i < now; ++i) {
      const double error = std::fabs(value_at(type, static_cast<std::byte*>(to), i) - sum[i]);
      const double again = requantised ? code_error(form, most[i], largest[i / 128]) : 0;
      const double allowed = bound[i] + again + rounding(type, sum[i], magnitudes[i]);
      if (error <= allowed) continue;
      throw std::runtime_error(fmt::format("{} {} element {} of {}: off by {}, allowed {}",
                                           name_of(type), name_of(form), i, now, error, allowed));
    }
    const auto* data = static_cast<std::byte*>(to);
    require_same_everywhere(comm, Bytes(data, data + now * size_of(type)), "quantised sum");
  }
  require(output[bytes] == std::byte{0x77}, "wrote past the end");
}

TEST(QuantizedPlan, KeepsItsBoundAndGivesTheSameBitsEverywhere) {
  run_for({1, 2, 3, 4}, [](Communicator& comm) {
    for (const Quantization form : {Quantization::int8, Quantization::fp8_e4m3}) {
      for (const DataType type : kDecodeTypes) {
        for (const std::size_t count : {1u, 127u, 129u, 5000u}) {
          run_quantized(comm, type, form, count, count % 2 == 0, "");
        }
      }
    }
  });
}

TEST(QuantizedPlan, RunsInOneShotAndInTwo) {
  run_for({2, 4}, [](Communicator& comm) {
    for (const char* way : {"one_shot", "two_shot"}) {
      comm.prefer(Collective::all_reduce, {.algorithm = way});
      run_quantized(comm, DataType::f32, Quantization::int8, 20'000, false, way);
      run_quantized(comm, DataType::bf16, Quantization::fp8_e4m3, 3333, true, way);
    }
    comm.prefer(Collective::all_reduce, {});
    run_quantized(comm, DataType::f32, Quantization::int8, 150'000, false,
                  comm.size() == 2 ? "one_shot" : "two_shot");
  });
}

TEST(QuantizedPlan, TakesSeveralPassesOfWholeBlocks) {
  Options options;
  options.shared_bytes = std::size_t{512} << 10;
  run_for(
      {3},
      [](Communicator& comm) {
        for (const char* way : {"one_shot", "two_shot"}) {
          comm.prefer(Collective::all_reduce, {.algorithm = way});
          run_quantized(comm, DataType::f32, Quantization::int8, 150'000, false, way);
        }
      },
      options);
}

TEST(QuantizedPlan, MakesBlocksWithNanOrInfinityNanAndKeepsZeros) {
  run_for({2, 3}, [](Communicator& comm) {
    for (const char* way : {"one_shot", "two_shot"}) {
      comm.prefer(Collective::all_reduce, {.algorithm = way});
      for (const Quantization form : {Quantization::int8, Quantization::fp8_e4m3}) {
        std::vector<float> data(128 * 5, 1.0f);
        std::fill(data.begin() + 128 * 4, data.end(), 0.0f);
        Plan plan = comm.plan_all_reduce_quantized(data.data(), data.data(), data.size(),
                                                   DataType::f32, form);
        if (comm.rank() == 1) {
          data[130] = std::numeric_limits<float>::quiet_NaN();
          data[128 * 2 + 5] = -std::numeric_limits<float>::infinity();
        }
        plan.start();
        plan.wait();
        for (std::size_t i = 0; i < data.size(); ++i) {
          const std::size_t block = i / 128;
          const bool nan = block == 1 || block == 2;
          require(std::isnan(data[i]) == nan, "NaN in the wrong place");
          if (!nan && block < 4) {
            require(std::fabs(data[i] - static_cast<float>(comm.size())) < 0.01f, "wrong sum");
          }
          if (block == 4) require(data[i] == 0.0f, "zeros must stay exact");
        }
      }
    }
  });
}

TEST(QuantizedPlan, WorksWherePeersAreReachedByPuts) {
  Options options;
  options.transports = "sim";
  for (const int ranks : {2, 3}) {
    run_threads(ranks, options, Body([](Communicator& comm) {
                  for (const char* way : {"one_shot", "two_shot"}) {
                    comm.prefer(Collective::all_reduce, {.algorithm = way});
                    run_quantized(comm, DataType::f32, Quantization::int8, 9000, true, way);
                    run_quantized(comm, DataType::f16, Quantization::fp8_e4m3, 100, false, way);
                  }
                }));
  }
}

}  // namespace
}  // namespace weft::testing
