// What sums, averages and products are, whatever algorithm runs: compared with exact arithmetic,
// extreme values included. docs/numerics.md has the promises.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <weft/collective_traits.h>

#include <cfenv>

#include "algorithms/registry.h"
#include "base/cpu.h"
#include "support/ranks.h"
#include "unit/reduce/oracle.h"

namespace weft::testing {
namespace {

using test::Bf16;
using test::Bytes;
using test::F16;

template <class T>
constexpr int mantissa_bits() {
  return std::is_same_v<T, double> ? 53 : 24;  // of what sums are taken in
}

template <class T>
T element(double value) {
  if constexpr (test::kIsHalf<T>) {
    return T::nearest(value);
  } else {
    return static_cast<T>(value);
  }
}

template <class T>
double number(T value) {
  if constexpr (test::kIsHalf<T>) {
    return value.value();
  } else {
    return static_cast<double>(value);
  }
}

template <class T>
bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <class T>
T largest() {
  if constexpr (test::kIsHalf<T>) {
    const std::uint16_t infinity = T::nearest(std::numeric_limits<double>::infinity()).bits;
    return T{static_cast<std::uint16_t>(infinity - 1)};
  } else {
    return std::numeric_limits<T>::max();
  }
}

// Cheap to begin anew for each element. (splitmix64)
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15) {}
  std::uint64_t operator()() {
    std::uint64_t value = state_ += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
  }

 private:
  std::uint64_t state_;
};

// A kind of input: what a rank gives for element i.
enum class Inputs { equal, cancelling, mixed, factors };

template <class T>
T random_bits(Random& random) {
  const std::uint64_t bits = random();
  T value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

template <class T>
T input(Inputs kind, int rank, int ranks, std::size_t i) {
  Random random(i * 1000 + (kind == Inputs::equal ? 999 : static_cast<std::uint64_t>(rank)));
  constexpr bool kWhole = std::is_integral_v<T>;
  switch (kind) {
    case Inputs::equal: {  // every pattern of 16 bits comes up where there are enough elements
      if (i % 8 == 1) return largest<T>();
      if constexpr (test::kIsHalf<T>) return T{static_cast<std::uint16_t>(i * 40503)};
      return random_bits<T>(random);
    }
    case Inputs::cancelling: {  // the large ones of either sign meet in any order
      if (ranks % 2 == 1 && rank == static_cast<int>(i) % ranks) return element<T>(0);
      const bool odd_one_before = ranks % 2 == 1 && rank > static_cast<int>(i) % ranks;
      const int place = rank - (odd_one_before ? 1 : 0);
      const bool first_half = place < ranks / 2;
      const bool negative = i % 2 == 0 ? first_half : place % 2 == 1;
      const double value = number(largest<T>());
      return element<T>(negative ? -value : value);
    }
    case Inputs::factors:
      return element<T>(kWhole ? static_cast<double>(1 + random() % 3)
                               : std::ldexp(1.0 + static_cast<double>(random() % 128) / 128,
                                            static_cast<int>(random() % 3) - 1));
    case Inputs::mixed:
      break;
  }
  if (random() % 16 == 0) return random_bits<T>(random);
  return element<T>((static_cast<double>(random() % 4001) - (kWhole ? 0 : 2000)) / 8);
}

// Whether `found` is the result of values up to the documented rounding: everything is added up (or
// multiplied) in f32 or wider, in any order, and rounded once.
template <class T>
bool right_float(ReduceOp op, const std::vector<T>& values, T found) {
  const auto ranks = static_cast<double>(values.size());
  long double exact = op == ReduceOp::prod ? 1 : 0, magnitude = exact;
  bool nan = false;
  double infinities = 0;
  for (const T value : values) {
    const double x = number(value);
    nan |= std::isnan(x);
    if (std::isinf(x)) {
      nan |= infinities * x < 0;
      infinities = x;
    }
    op == ReduceOp::prod ? exact *= x : exact += x;
    op == ReduceOp::prod ? magnitude *= std::abs(x) : magnitude += std::abs(x);
  }
  if (nan) return std::isnan(number(found));
  if (infinities != 0) return number(found) == infinities;
  const bool half = test::kIsHalf<T>;
  if (!half && magnitude > number(largest<T>())) return true;  // may overflow on the way
  const long double error = magnitude * std::ldexp(ranks, -(half ? 24 : mantissa_bits<T>()));
  const long double divisor = op == ReduceOp::avg ? ranks : 1;
  const auto low = element<T>(static_cast<double>((exact - error) / divisor));
  const auto high = element<T>(static_cast<double>((exact + error) / divisor));
  return number(low) <= number(found) && number(found) <= number(high);
}

template <class T>
bool right(ReduceOp op, Inputs kind, const std::vector<T>& values, T found) {
  if constexpr (std::is_integral_v<T>) {
    return same_bits(
        found, test::expected_element(op, values,
                                      op == ReduceOp::avg ? static_cast<int>(values.size()) : 1));
  } else {
    if (op == ReduceOp::min || op == ReduceOp::max)
      return same_bits(found, test::expected_element(op, values, 1));
    if (test::kIsHalf<T> && kind == Inputs::equal && op == ReduceOp::avg)
      return std::isnan(number(values[0])) ? std::isnan(number(found))
                                           : same_bits(found, values[0]);
    if (test::kIsHalf<T> && kind == Inputs::cancelling && op != ReduceOp::prod)
      return number(found) == 0;
    return right_float(op, values, found);
  }
}

struct Call {
  Collective collective;
  DataType type;
  ReduceOp op;
  Inputs inputs;
  std::size_t count;
};

void call(Communicator& comm, const Call& c, const void* in, void* out) {
  if (c.collective == Collective::all_reduce)
    return comm.all_reduce(in, out, c.count, c.type, c.op);
  if (c.collective == Collective::reduce)
    return comm.reduce(in, out, c.count, c.type, c.op, comm.size() - 1);
  comm.reduce_scatter(in, out, c.count, c.type, c.op);
}

template <class T>
void check(Communicator& comm, const Call& c, T* in, T* out, const std::string& how) {
  const int ranks = comm.size();
  const bool scatters = c.collective == Collective::reduce_scatter;
  const std::size_t elements = scatters ? c.count * static_cast<std::size_t>(ranks) : c.count;
  for (std::size_t i = 0; i < elements; ++i) in[i] = input<T>(c.inputs, comm.rank(), ranks, i);
  call(comm, c, in, out);
  if (c.collective == Collective::reduce && comm.rank() != ranks - 1) return;
  const std::size_t first = scatters ? c.count * static_cast<std::size_t>(comm.rank()) : 0;
  std::vector<T> values(static_cast<std::size_t>(ranks));
  for (std::size_t i = 0; i < c.count; ++i) {
    for (int r = 0; r < ranks; ++r)
      values[static_cast<std::size_t>(r)] = input<T>(c.inputs, r, ranks, first + i);
    if (right(c.op, c.inputs, values, out[i])) continue;
    std::string list;
    for (const T value : values) list += fmt::format(" {}", number(value));
    require(false,
            fmt::format("{} {} {}, {}: element {} of {} is {} from{}", name_of(c.collective),
                        name_of(c.type), name_of(c.op), how, i, c.count, number(out[i]), list));
  }
}

// Sizes that lines, packets, single passes and several take, a few elements more or less.
constexpr std::size_t kCounts[] = {1, 13, 27, 29, 300, 3001, 21011};

void check_algorithm(Communicator& comm, const algorithms::Algorithm& algorithm, Protocol protocol,
                     DataType type, std::size_t most) {
  const std::string how =
      fmt::format("{} over {}", algorithm.name, protocol == Protocol::packet ? "packets" : "bulk");
  for (const std::size_t count : kCounts) {
    // Only calls of some size tell each other where their buffers are.
    const bool announced = count * size_of(type) >= (std::size_t{16} << 10);
    if (algorithm.direct ? !announced : count > most) continue;
    const std::size_t bytes = count * size_of(type) * static_cast<std::size_t>(comm.size());
    Buffer mapped_in, mapped_out;
    Bytes in(bytes + 64), out(bytes + 64);
    if (algorithm.direct) {
      mapped_in = comm.allocate(bytes);
      mapped_out = comm.allocate(bytes);
    }
    void* const from = algorithm.direct ? mapped_in.data() : in.data();
    void* const to = algorithm.direct ? mapped_out.data() : out.data();
    test::with_type(type, [&](auto zero) {
      using T = decltype(zero);
      const auto run = [&](ReduceOp op, Inputs inputs) {
        check<T>(comm, {algorithm.collective, type, op, inputs, count}, static_cast<T*>(from),
                 static_cast<T*>(to), how);
      };
      run(ReduceOp::avg, Inputs::equal);
      run(ReduceOp::sum, Inputs::cancelling);
      run(ReduceOp::sum, Inputs::mixed);
      run(ReduceOp::avg, Inputs::mixed);
      run(ReduceOp::prod, Inputs::factors);
      run(ReduceOp::min, Inputs::mixed);
      run(ReduceOp::max, Inputs::mixed);
    });
  }
}

void check_algorithms(Communicator& comm, bool mapped, bool hierarchical,
                      const std::vector<DataType>& types, std::size_t most) {
  for (const algorithms::Algorithm& algorithm : algorithms::all()) {
    if (!traits_of(algorithm.collective).reduces || !algorithms::supports(algorithm, comm.size()))
      continue;
    if (algorithm.hierarchical != hierarchical || (algorithm.direct && !mapped)) continue;
    for (const Protocol protocol : {Protocol::packet, Protocol::bulk}) {
      if (protocol == Protocol::packet && (algorithm.direct || !mapped)) continue;
      comm.prefer(algorithm.collective, {std::string(algorithm.name), protocol, 0});
      for (const DataType type : types) check_algorithm(comm, algorithm, protocol, type, most);
    }
    comm.prefer(algorithm.collective, {});
  }
}

const std::vector<DataType> kHalves = {DataType::f16, DataType::bf16};

class Numbers : public ::testing::TestWithParam<int> {
 protected:
  // Many ranks check each element many times.
  static std::size_t most() { return GetParam() < 5 ? 21011 : 3001; }
};

TEST_P(Numbers, OfHalvesAreRoundedOnceByEveryAlgorithm) {
  Options options;
  options.shared_bytes = 512 << 10;  // so that the longest take several passes
  run_threads(GetParam(), options,
              [](Communicator& comm) { check_algorithms(comm, true, false, kHalves, most()); });
}

TEST_P(Numbers, OfHalvesAreRoundedOnceOverPutsToo) {
  Options options;
  options.transports = "sim";
  options.shared_bytes = 512 << 10;
  run_threads(GetParam(), options,
              [](Communicator& comm) { check_algorithms(comm, false, false, kHalves, most()); });
}

INSTANTIATE_TEST_SUITE_P(Ranks, Numbers, ::testing::Values(2, 3, 4, 5, 9));

TEST(NumbersOnHosts, OfHalvesAreRoundedOnce) {
  for (const char* routes : {"0-1:2-4=sim,*=shm", "0:1-4=sim,*=shm"}) {
    Options options;
    options.transports = "shm,sim";
    options.routes = routes;
    run_threads(5, options,
                [](Communicator& comm) { check_algorithms(comm, false, true, kHalves, 3001); });
  }
}

// What a program may set for a thread of its own, another thing at each rank.
class Surroundings {
 public:
  explicit Surroundings(int rank) {
    std::fegetenv(&saved_);
    if (rank % 3 == 1) std::fesetround(FE_UPWARD);
#if defined(__x86_64__)
    if (rank % 3 == 1) _mm_setcsr(_mm_getcsr() | 0x8040);  // subnormals become zeros
#endif
    std::feclearexcept(FE_ALL_EXCEPT);
    if (rank % 3 == 2) feenableexcept(FE_ALL_EXCEPT & ~FE_INEXACT);
  }
  ~Surroundings() { std::fesetenv(&saved_); }
  Surroundings(const Surroundings&) = delete;
  Surroundings& operator=(const Surroundings&) = delete;

 private:
  std::fenv_t saved_;
};

TEST(NumbersInAnyEnvironment, AreTheSameBits) {
  run_threads(4, {}, [](const Options& options) {
    const int rank = options.bootstrap->rank();
    Communicator comm = [&] {
      const Surroundings here(rank);
      return Communicator::create(options);
    }();
    for (const DataType type : {DataType::f32, DataType::f64, DataType::f16, DataType::bf16}) {
      for (int op = 0; op < kReduceOps; ++op) {
        for (const std::size_t count : {5, 3001, 70001}) {
          const std::size_t bytes = count * size_of(type);
          Bytes in(bytes), plain(bytes), strange(bytes);
          test::with_type(type, [&](auto zero) {
            using T = decltype(zero);
            for (std::size_t i = 0; i < count; ++i) {
              const T value = input<T>(Inputs::mixed, rank, comm.size(), i);
              std::memcpy(in.data() + i * sizeof(T), &value, sizeof(T));
            }
          });
          comm.all_reduce(in.data(), plain.data(), count, type, ReduceOp(op));
          {
            const Surroundings here(rank);
            comm.all_reduce(in.data(), strange.data(), count, type, ReduceOp(op));
          }
          require(plain == strange, fmt::format("other bits of {} {} x {}", name_of(type),
                                                name_of(ReduceOp(op)), count));
        }
      }
    }
  });
}

TEST(NumbersOfOtherTypes, AreWhatTheirArithmeticSays) {
  run_threads(3, {}, [](Communicator& comm) {
    check_algorithms(
        comm, true, false,
        {DataType::f32, DataType::f64, DataType::i8, DataType::u8, DataType::i32, DataType::u64},
        300);
  });
}

}  // namespace
}  // namespace weft::testing
