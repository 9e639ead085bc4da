// All-reduce with residual and RMSNorm, in every form it runs in.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "decode.h"
#include "reduce/rms_norm.h"

namespace weft::testing {
namespace {

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
    for (const DataType type : kDecodeTypes) {
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

TEST(RmsNormPlan, WorksWherePeersAreReachedByPuts) {
  Options options;
  options.transports = "sim";
  for (const int ranks : {2, 3}) {
    run_threads(ranks, options, Body([](Communicator& comm) {
                  for (const bool in_place : {false, true}) {
                    run_norm(comm, {DataType::f32, 4, 200, false, in_place}, "by everyone");
                    run_norm(comm, {DataType::bf16, 40, 1000, true, in_place});
                  }
                }));
  }
}

}  // namespace
}  // namespace weft::testing
