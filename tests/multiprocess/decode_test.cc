// Plans for decoding: measured, with RMSNorm, quantised; over every way they can run.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "reduce/rms_norm.h"
#include "support/ranks.h"
#include "support/reference.h"

namespace weft::testing {
namespace {

constexpr DataType kTypes[] = {DataType::f32, DataType::f16, DataType::bf16};

// Private memory, or allocated for all ranks to map.
class Tensor {
 public:
  Tensor(Communicator& comm, std::size_t bytes, bool allocated) : bytes_(bytes) {
    if (allocated) {
      buffer_ = comm.allocate(bytes);
    } else {
      memory_.resize(bytes);
    }
  }
  std::byte* data() { return buffer_.data() != nullptr ? buffer_.as<std::byte>() : memory_.data(); }
  void set(const Bytes& bytes) { std::memcpy(data(), bytes.data(), bytes.size()); }
  void fill(std::byte value) { std::memset(data(), static_cast<int>(value), bytes_); }
  Bytes get(std::size_t bytes) { return Bytes(data(), data() + bytes); }

 private:
  std::size_t bytes_;
  Buffer buffer_;
  Bytes memory_;
};

// Collective.
void require_same_everywhere(Communicator& comm, const Bytes& bytes, const std::string& what) {
  Bytes all(bytes.size() * static_cast<std::size_t>(comm.size()));
  comm.all_gather(bytes.data(), all.data(), bytes.size(), DataType::u8);
  for (std::size_t i = 0; i < all.size(); ++i) {
    require(all[i] == bytes[i % bytes.size()], what + ": other bits at another rank");
  }
}

void run_for(std::initializer_list<int> rank_counts, const Body& body,
             const Options& options = {}) {
  for (const int ranks : rank_counts) {
    EXPECT_EQ(run_processes(ranks, options, body), 0) << ranks << " ranks";
  }
}

// Measured plans.

TEST(MeasuredPlan, ChoosesAlikeEverywhereAndLeavesBuffersAlone) {
  run_for({1, 2, 3, 4}, [](Communicator& comm) {
    constexpr std::size_t kCount = 3000;
    const Case c{.type = DataType::f32, .op = ReduceOp::sum, .count = kCount};
    for (const bool allocated : {false, true}) {
      Tensor in(comm, kCount * 4, allocated), out(comm, kCount * 4, allocated);
      const Bytes input = input_of(c, comm.rank(), comm.size());
      in.set(input);
      out.fill(std::byte{0x77});
      Plan plan =
          comm.plan_all_reduce(in.data(), out.data(), kCount, c.type, c.op, {.measure = true});
      require(in.get(kCount * 4) == input, "planning changed the input");
      require(out.get(kCount * 4) == Bytes(kCount * 4, std::byte{0x77}), "it changed the output");
      std::string chosen = plan.describe(kCount);
      chosen.resize(80);
      const auto* text = reinterpret_cast<const std::byte*>(chosen.data());
      require_same_everywhere(comm, Bytes(text, text + chosen.size()), "the choice");
      for (const std::size_t count : {kCount, kCount / 4, std::size_t{1}, kCount}) {
        plan.start(count);
        plan.wait();
        const Bytes expected = expected_of(c, comm.rank(), comm.size());
        require(out.get(count * 4) ==
                    Bytes(expected.begin(), expected.begin() + static_cast<long>(count * 4)),
                "wrong sum");
      }
    }
  });
}

TEST(MeasuredPlan, DoesWhatIsPreferredWithoutMeasuring) {
  run_for({2}, [](Communicator& comm) {
    std::vector<float> data(4096, 1.0f);
    comm.prefer(Collective::all_reduce, {.algorithm = "ring"});
    Plan plan = comm.plan_all_reduce(data.data(), data.data(), 4096, DataType::f32, ReduceOp::sum,
                                     {.measure = true});
    require(plan.describe(4096).starts_with("ring"), plan.describe(4096));
    require(data[0] == 1.0f, "planning changed the data");
    plan.start();
    plan.wait();
    require(data[4095] == 2.0f, "wrong sum");
  });
}

// With RMSNorm.

// Small integers: their sums are exact in every type.
double norm_value(int rank, std::size_t i) {
  return static_cast<double>((i * 5 + i / 7 + static_cast<std::size_t>(rank) * 3) % 9) - 4;
}
double residual_value(std::size_t i) { return static_cast<double>(i * 11 % 17) - 8; }
double weight_value(std::size_t i) { return 0.5 + static_cast<double>(i % 5) / 4; }

struct NormCase {
  DataType type = DataType::f32;
  std::size_t rows = 1;
  std::size_t hidden = 1;
  bool allocated = false;
  bool in_place = false;

  std::size_t bytes(std::size_t some_rows) const { return some_rows * hidden * size_of(type); }
  std::string describe() const {
    return fmt::format("{} rows of {} {}{}{}", rows, hidden, name_of(type),
                       allocated ? " allocated" : "", in_place ? " in place" : "");
  }
};

// What both outputs must hold, from the kernel that unit tests have proven.
struct NormExpected {
  Bytes sum, normed;
};

NormExpected expected_norm(const NormCase& c, int ranks) {
  const std::size_t count = c.rows * c.hidden;
  const Bytes sum = encode(c.type, count, [&](std::size_t i) {
    double total = residual_value(i);
    for (int rank = 0; rank < ranks; ++rank) total += norm_value(rank, i);
    return total;
  });
  const Bytes zeros(sum.size());
  const Bytes weight = encode(c.type, c.hidden, weight_value);
  NormExpected expected{Bytes(sum.size()), Bytes(sum.size())};
  const void* src = sum.data();
  void* sum_to = expected.sum.data();
  void* to = expected.normed.data();
  reduce::rms_norm_kernel(c.type)(
      {&src, 1, zeros.data(), &sum_to, &to, 1, weight.data(), c.rows, c.hidden, 1e-5f});
  return expected;
}

Bytes first(const Bytes& bytes, std::size_t count) {
  return Bytes(bytes.begin(), bytes.begin() + static_cast<long>(count));
}

// Runs a case with all its rows, with fewer, and with all again.
void run_norm(Communicator& comm, const NormCase& c, const std::string& where = {}) {
  const std::size_t bytes = c.bytes(c.rows);
  const NormExpected expected = expected_norm(c, comm.size());
  const Bytes input_bytes =
      encode(c.type, c.rows * c.hidden, [&](std::size_t i) { return norm_value(comm.rank(), i); });
  const Bytes residual_bytes = encode(c.type, c.rows * c.hidden, residual_value);
  Tensor input(comm, bytes, c.allocated), output(comm, bytes, c.allocated);
  Tensor residual(comm, bytes, c.allocated), sum(comm, bytes, c.allocated);
  Bytes weight = encode(c.type, c.hidden, weight_value);
  Tensor& to = c.in_place ? input : output;
  Tensor& sum_to = c.in_place ? residual : sum;
  Plan plan = comm.plan_all_reduce_rms_norm(input.data(), to.data(), c.rows, c.type,
                                            {.residual = residual.data(),
                                             .residual_output = sum_to.data(),
                                             .weight = weight.data(),
                                             .hidden = c.hidden,
                                             .epsilon = 1e-5f});
  require(plan.describe(c.rows).find(where) != std::string::npos, plan.describe(c.rows));
  for (const std::size_t rows : {c.rows, (c.rows + 1) / 2, c.rows}) {
    for (Tensor* tensor : {&output, &sum}) tensor->fill(std::byte{0x77});
    input.set(input_bytes);
    residual.set(residual_bytes);
    comm.barrier();  // peers write only once everything is set
    plan.start(rows);
    plan.wait();
    const std::size_t written = c.bytes(rows);
    require(sum_to.get(written) == first(expected.sum, written), c.describe() + ": wrong residual");
    require(to.get(written) == first(expected.normed, written), c.describe() + ": wrong norm");
    if (rows < c.rows && !c.in_place) {
      require(output.data()[written] == std::byte{0x77} && sum.data()[written] == std::byte{0x77},
              c.describe() + ": wrote past the rows");
    }
  }
}

TEST(RmsNormPlan, AddsAndNormalisesForEveryTypeShapeAndPlace) {
  run_for({1, 2, 3, 4}, [](Communicator& comm) {
    for (const DataType type : kTypes) {
      for (const bool allocated : {false, true}) {
        for (const bool in_place : {false, true}) {
          run_norm(comm, {type, 1, 1, allocated, in_place});
          run_norm(comm, {type, 5, 33, allocated, in_place});
          run_norm(comm, {type, 3, 1024, allocated, in_place});
          run_norm(comm, {type, 17, 500, allocated, in_place});
        }
      }
    }
  });
}

TEST(RmsNormPlan, RunsInEveryForm) {
  run_for({2, 3, 4}, [](Communicator& comm) {
    const NormCase mapped{DataType::bf16, 7, 300, true, false};
    const NormCase unmapped{DataType::bf16, 7, 300, false, false};
    comm.prefer(Collective::all_reduce, {.algorithm = "two_shot_direct"});
    run_norm(comm, mapped, "by its owner");
    comm.prefer(Collective::all_reduce, {.algorithm = "one_shot"});
    run_norm(comm, mapped, "by everyone");
    run_norm(comm, unmapped, "by everyone");
    comm.prefer(Collective::all_reduce, {.algorithm = "ring"});
    run_norm(comm, mapped, "afterwards");
    run_norm(comm, unmapped, "afterwards");
  });
}

TEST(RmsNormPlan, TakesSeveralPassesOfWholeRows) {
  Options options;
  options.shared_bytes = std::size_t{512} << 10;
  run_for(
      {2},
      [](Communicator& comm) {
        run_norm(comm, {DataType::f32, 40, 1500, false, false}, "by everyone");
        run_norm(comm, {DataType::f32, 2, 100'000, false, false},
                 "afterwards");  // no slot for a row
      },
      options);
}

// Ordinary numbers: not exact, but the same bits everywhere, call after call.
TEST(RmsNormPlan, GivesTheSameBitsEverywhere) {
  run_for({2, 3, 4}, [](Communicator& comm) {
    constexpr std::size_t kRows = 9, kHidden = 777;
    for (const bool allocated : {false, true}) {
      Tensor input(comm, kRows * kHidden * 4, allocated),
          output(comm, kRows * kHidden * 4, allocated);
      Tensor residual(comm, kRows * kHidden * 4, allocated);
      const std::vector<float> weight(kHidden, 1.25f);
      Plan plan = comm.plan_all_reduce_rms_norm(
          input.data(), output.data(), kRows, DataType::f32,
          {residual.data(), residual.data(), weight.data(), kHidden, 1e-6f});
      std::mt19937 random(static_cast<unsigned>(comm.rank()));
      std::normal_distribution<float> values(0.0f, 2.0f);
      for (int layer = 0; layer < 20; ++layer) {
        auto* numbers = reinterpret_cast<float*>(input.data());
        for (std::size_t i = 0; i < kRows * kHidden; ++i) numbers[i] = values(random);
        plan.start();
        plan.wait();
      }
      require_same_everywhere(comm, output.get(kRows * kHidden * 4), "output");
      require_same_everywhere(comm, residual.get(kRows * kHidden * 4), "residual");
    }
  });
}

TEST(RmsNormPlan, RunsInTheOrderItWasStarted) {
  run_for({2}, [](Communicator& comm) {
    constexpr std::size_t kHidden = 64;
    std::vector<float> a(kHidden, 1.0f), b(kHidden), residual(kHidden, 1.0f), weight(kHidden, 4.0f);
    Plan norm = comm.plan_all_reduce_rms_norm(
        a.data(), b.data(), 1, DataType::f32,
        {residual.data(), residual.data(), weight.data(), kHidden, 0.0f});
    Plan quantized = comm.plan_all_reduce_quantized(b.data(), b.data(), kHidden, DataType::f32,
                                                    Quantization::int8);
    for (int i = 0; i < 10; ++i) {
      norm.start();
      quantized.start();  // of what norm makes: rows of 4
      quantized.wait();
      require(norm.test(), "not in order");
      require(std::fabs(b[7] - 8.0f) < 0.001f, "wrong chain");
    }
  });
}

// Quantised.

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
      for (const DataType type : kTypes) {
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

// Mistakes.

TEST(DecodePlans, RefuseBadArgumentsBeforeAnythingIsSent) {
  run_for({2}, [](Communicator& comm) {
    std::vector<float> a(64), b(64), r(64), w(16);
    const RmsNorm good{r.data(), r.data(), w.data(), 16, 1e-6f};
    const auto refused = [&](const std::string& part, const void* in, void* out, std::size_t rows,
                             DataType type, const RmsNorm& norm) {
      expect_error(ErrorCode::invalid_argument, part,
                   [&] { comm.plan_all_reduce_rms_norm(in, out, rows, type, norm); });
    };
    refused("input is null", nullptr, b.data(), 4, DataType::f32, good);
    refused("takes f32", a.data(), b.data(), 4, DataType::f64, good);
    refused("hidden is 0", a.data(), b.data(), 4, DataType::f32, {r.data(), r.data(), w.data()});
    expect_error(ErrorCode::invalid_argument, "not aligned", [&] {
      comm.plan_all_reduce_quantized(reinterpret_cast<std::byte*>(a.data()) + 2, b.data(), 8,
                                     DataType::f32, Quantization::int8);
    });
    // Nobody is out of step.
    Plan plan = comm.plan_all_reduce_rms_norm(a.data(), b.data(), 4, DataType::f32, good);
    expect_error(ErrorCode::invalid_argument, "planned for at most", [&] { plan.start(5); });
    plan.start();
    plan.wait();
  });
}

TEST(DecodePlans, OfNothingDoNothing) {
  run_for({1, 2}, [](Communicator& comm) {
    std::vector<float> a(64), w(16);
    Plan norm = comm.plan_all_reduce_rms_norm(nullptr, nullptr, 0, DataType::f32,
                                              {nullptr, nullptr, nullptr, 16, 1e-6f});
    Plan quantized =
        comm.plan_all_reduce_quantized(nullptr, nullptr, 0, DataType::f32, Quantization::int8);
    Plan measured =
        comm.plan_all_reduce(nullptr, nullptr, 0, DataType::f32, ReduceOp::sum, {.measure = true});
    for (Plan* plan : {&norm, &quantized, &measured}) {
      plan->start();
      plan->wait();
    }
    Plan some =
        comm.plan_all_reduce_quantized(a.data(), a.data(), 64, DataType::f32, Quantization::int8);
    some.start(0);
    some.wait();
  });
}

TEST(DecodePlans, OfDifferentRanksMustBeTheSame) {
  run_for({2}, [](Communicator& comm) {
    std::vector<float> a(64), b(64), r(64), w(32);
    const bool odd = comm.rank() == 1;
    const auto norm = [&](std::size_t rows, std::size_t hidden, float epsilon) {
      comm.plan_all_reduce_rms_norm(a.data(), b.data(), rows, DataType::f32,
                                    {r.data(), r.data(), w.data(), hidden, epsilon});
    };
    expect_error(ErrorCode::mismatch, "rows", [&] { norm(odd ? 3 : 4, 16, 1e-6f); });
    expect_error(ErrorCode::mismatch, "other parameters", [&] { norm(2, odd ? 16 : 32, 1e-6f); });
    expect_error(ErrorCode::mismatch, "other parameters",
                 [&] { norm(2, 16, odd ? 1e-6f : 1e-5f); });
    expect_error(ErrorCode::mismatch, "int8", [&] {
      comm.plan_all_reduce_quantized(a.data(), b.data(), 64, DataType::f32,
                                     odd ? Quantization::int8 : Quantization::fp8_e4m3);
    });
    expect_error(ErrorCode::mismatch, "rms_norm", [&] {
      odd ? norm(2, 16, 1e-6f)
          : void(comm.plan_all_reduce(a.data(), b.data(), 2, DataType::f32, ReduceOp::sum));
    });
    expect_error(ErrorCode::mismatch, "other parameters", [&] {
      comm.plan_all_reduce(a.data(), b.data(), 2, DataType::f32, ReduceOp::sum, {.measure = odd});
    });
    norm(4, 16, 1e-6f);
  });
}

}  // namespace
}  // namespace weft::testing
