#include "perf/weft_perf/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>

#include "perf/common/candidate.h"
#include "perf/common/columns.h"
#include "perf/common/command_line.h"
#include "perf/common/element.h"
#include "perf/common/statistics.h"

namespace weft::perf {
namespace {

// What tensors hold: multiples of a quarter, whose sums over some ranks are exact.
double input_value(int rank, std::size_t i) {
  return static_cast<double>((i * 7 + static_cast<std::size_t>(rank) * 3) % 11) / 4 - 1.25;
}
double residual_value(std::size_t i) { return static_cast<double>(i % 7) / 4 - 0.75; }
double weight_value(std::size_t i) { return 1 + static_cast<double>(i % 4) / 4; }

struct Shape {
  std::size_t rows;
  std::size_t hidden;
  DataType type;
  std::size_t count() const { return rows * hidden; }
  std::size_t bytes() const { return count() * size_of(type); }
};

Shape shape_of(const DecodeArguments& arguments, std::size_t bytes) {
  const std::size_t count = std::max<std::size_t>(bytes / size_of(arguments.type), 1);
  const std::size_t hidden = std::min(arguments.hidden, count);
  return {count / hidden, hidden, arguments.type};
}

// One variant of the all-reduce.
struct Variant {
  std::string name;
  std::string runs;
  std::function<void()> call;
  std::function<std::int64_t()> wrong;  // elements, at this rank, of what the last call left
  std::vector<double> microseconds;
};

class Variants {
 public:
  Variants(Communicator& comm, Communicator& alone, const Shape& shape, bool allocated)
      : comm_(comm), shape_(shape), allocated_(allocated) {
    for (Memory* memory : {&input_, &output_, &residual_, &sum_}) *memory = allocate(shape.bytes());
    weight_ = allocate_plain(shape.hidden * size_of(shape.type));
    fill(input_, shape.count(), [&](std::size_t i) { return input_value(comm.rank(), i); });
    fill(residual_, shape.count(), residual_value);
    fill(weight_, shape.hidden, weight_value);
    add_plain();
    add_norms(alone);
    add_quantized(Quantization::int8);
    add_quantized(Quantization::fp8_e4m3);
  }
  std::vector<Variant>& all() { return variants_; }

 private:
  Memory allocate(std::size_t bytes) {
    if (!allocated_) return allocate_plain(bytes);
    const auto buffer = std::make_shared<Buffer>(comm_.allocate(bytes));
    return Memory(buffer, buffer->data());
  }
  template <class ValueAt>
  void fill(const Memory& memory, std::size_t count, ValueAt value_at) {
    for (std::size_t i = 0; i < count; ++i) store_element(shape_.type, at(memory, i), value_at(i));
  }
  std::byte* at(const Memory& memory, std::size_t i) const {
    return static_cast<std::byte*>(memory.get()) + i * size_of(shape_.type);
  }
  Plan& keep(Plan plan) {
    plans_.push_back(std::make_unique<Plan>(std::move(plan)));
    return *plans_.back();
  }
  void add(std::string name, Plan& plan, std::size_t count,
           const std::function<std::int64_t()>& wrong) {
    const auto call = [&plan] {
      plan.start();
      plan.wait();
    };
    variants_.push_back({std::move(name), plan.describe(count), call, wrong, {}});
  }

  void add_plain() {
    const auto wrong = [this] { return wrong_sums(0); };
    for (const bool measure : {false, true}) {
      Plan& plan = keep(comm_.plan_all_reduce(input_.get(), output_.get(), shape_.count(),
                                              shape_.type, ReduceOp::sum, {.measure = measure}));
      add(measure ? "measured" : "all_reduce", plan, shape_.count(), wrong);
    }
  }

  // `alone` has this rank only: its plan is the pass that follows an all-reduce of others, in
  // place.
  void add_norms(Communicator& alone) {
    const RmsNorm norm{residual_.get(), sum_.get(), weight_.get(), shape_.hidden, 1e-6f};
    const auto wrong = [this] { return wrong_norms(); };
    Plan& reduce = keep(comm_.plan_all_reduce(input_.get(), output_.get(), shape_.count(),
                                              shape_.type, ReduceOp::sum));
    Plan& pass = keep(alone.plan_all_reduce_rms_norm(output_.get(), output_.get(), shape_.rows,
                                                     shape_.type, norm));
    add("norm_apart", reduce, shape_.count(), wrong);
    variants_.back().call = [&reduce, &pass] {
      reduce.start();
      reduce.wait();
      pass.start();
      pass.wait();
    };
    add("norm_fused",
        keep(comm_.plan_all_reduce_rms_norm(input_.get(), output_.get(), shape_.rows, shape_.type,
                                            norm)),
        shape_.rows, wrong);
  }

  void add_quantized(Quantization form) {
    const double error = form == Quantization::int8 ? 1.0 / 254 : 1.0 / 16;
    add(std::string(name_of(form)),
        keep(comm_.plan_all_reduce_quantized(input_.get(), output_.get(), shape_.count(),
                                             shape_.type, form)),
        shape_.count(), [this, error] { return wrong_sums(error); });
  }

  double sum_at(std::size_t i) const {
    double sum = 0;
    for (int rank = 0; rank < comm_.size(); ++rank) sum += input_value(rank, i);
    return sum;
  }
  bool differs(const Memory& memory, std::size_t i, double expected, double allowed) const {
    const double step = 4 * relative_step(shape_.type);
    return !(std::fabs(load_element(shape_.type, at(memory, i)) - expected) <=
             allowed + step * (std::fabs(expected) + allowed));
  }
  // `error` of each rank's codes and of their sum, relative to the largest of a block.
  std::int64_t wrong_sums(double error) const {
    constexpr double kLargest = 1.25;
    const double allowed = error * kLargest * 2 * comm_.size();
    std::int64_t wrong = 0;
    for (std::size_t i = 0; i < shape_.count(); ++i)
      wrong += differs(output_, i, sum_at(i), allowed);
    return wrong;
  }
  std::int64_t wrong_norms() const {
    std::int64_t wrong = 0;
    for (std::size_t row = 0; row < shape_.rows; ++row) {
      const std::size_t first = row * shape_.hidden;
      double square = 0;
      const auto value = [&](std::size_t i) { return sum_at(i) + residual_value(i); };
      for (std::size_t i = first; i < first + shape_.hidden; ++i) square += value(i) * value(i);
      const double scale = 1 / std::sqrt(square / static_cast<double>(shape_.hidden) + 1e-6);
      for (std::size_t i = first; i < first + shape_.hidden; ++i) {
        wrong += differs(sum_, i, value(i), 0) ||
                 differs(output_, i, value(i) * scale * weight_value(i - first), 0);
      }
    }
    return wrong;
  }

  Communicator& comm_;
  const Shape shape_;
  const bool allocated_;
  Memory input_, output_, residual_, sum_, weight_;
  std::vector<std::unique_ptr<Plan>> plans_;
  std::vector<Variant> variants_;
};

void take_slice(Communicator& comm, Variant& variant, std::size_t calls) {
  using Clock = std::chrono::steady_clock;
  constexpr int kWarmUps = 5;
  comm.barrier();
  for (int i = 0; i < kWarmUps; ++i) variant.call();
  auto start = Clock::now();
  for (std::size_t i = 0; i < calls; ++i) {
    variant.call();
    const auto end = Clock::now();
    variant.microseconds.push_back(std::chrono::duration<double, std::micro>(end - start).count());
    start = end;
  }
}

// Collective. What every rank counts, added up.
std::int64_t count_wrong(Communicator& comm, Variant& variant) {
  variant.call();
  const std::int64_t own = variant.wrong();
  std::int64_t all = 0;
  comm.all_reduce(&own, &all, 1, DataType::i64, ReduceOp::sum);
  return all;
}

void print_row(std::size_t bytes, const Variant& variant, std::int64_t wrong) {
  std::vector<double> samples = variant.microseconds;
  std::sort(samples.begin(), samples.end());
  const Statistics s = summarize(samples);
  fmt::print("{:>9} {:<11} {:>8.2f} {:>10.2f} {:>8.2f} {:>8.2f} {:>8.2f} {:>6}  {}\n", bytes,
             variant.name, s.min, s.median, s.mean, s.p99, percentile(samples, 99.9), wrong,
             variant.runs);
}

std::int64_t run_size(Communicator& comm, Communicator& alone, const DecodeArguments& arguments,
                      std::size_t bytes) {
  const Shape shape = shape_of(arguments, bytes);
  Variants variants(comm, alone, shape, arguments.allocated);
  constexpr std::size_t kSlices = 20;
  const std::size_t calls = std::max<std::size_t>(arguments.iterations / kSlices, 1);
  for (Variant& variant : variants.all()) variant.microseconds.reserve(kSlices * calls);
  for (std::size_t slice = 0; slice < kSlices; ++slice) {
    for (Variant& variant : variants.all()) take_slice(comm, variant, calls);
  }
  std::int64_t wrong = 0;
  for (Variant& variant : variants.all()) {
    const std::int64_t here = count_wrong(comm, variant);
    if (comm.rank() == 0) print_row(shape.bytes(), variant, here);
    wrong += here;
  }
  return wrong;
}

}  // namespace

int run_decode(const DecodeArguments& arguments, const Options& launch) {
  Communicator comm = Communicator::create(launch);
  Options single = launch;
  single.bootstrap.reset();
  single.rank = 0;
  single.size = 1;
  single.root_address.clear();
  Communicator alone = Communicator::create(single);
  if (comm.rank() == 0) {
    fmt::print(
        "# weft-perf decode: {} ranks, {}, rows of {}, {} memory; times in us\n{:>9} {:<11} "
        "{:>8} {:>10} {:>8} {:>8} {:>8} {:>6}  {}\n",
        comm.size(), name_of(arguments.type), arguments.hidden,
        arguments.allocated ? "allocated" : "plain", "#bytes", "way", "t_min", "t_typical", "t_avg",
        "99%", "99.9%", "#wrong", "what runs");
  }
  std::int64_t wrong = 0;
  for (const std::size_t bytes : arguments.sizes) {
    wrong += run_size(comm, alone, arguments, bytes);
    if (comm.rank() == 0) std::fflush(stdout);
  }
  if (comm.rank() == 0) print_verdict(stdout, "Wrong values", wrong);
  return wrong == 0 ? 0 : kExitWrong;
}

}  // namespace weft::perf
