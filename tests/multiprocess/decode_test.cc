// Plans for decoding: measured ones, and mistakes in any.
#include "decode.h"

#include <gtest/gtest.h>

namespace weft::testing {
namespace {

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
