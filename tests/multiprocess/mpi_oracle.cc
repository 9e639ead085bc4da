// Run by an MPI launcher: random calls of every collective, each compared with what MPI makes of
// the same inputs. Usage: mpi_oracle CALLS [SEED]
#include <weft/communicator.h>
#include <weft/mpi.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using weft::Collective;
using weft::DataType;
using weft::ReduceOp;

// One random call; the same on every rank, since every rank draws it from the same seed.
struct Call {
  Collective collective = Collective::all_reduce;
  ReduceOp op = ReduceOp::sum;
  std::size_t count = 0;
  int root = 0;
  bool in_place = false;
};

template <typename T>
struct TypePair;  // weft's and MPI's name of an element type
#define WEFT_TYPE_PAIR(T, weft_name, mpi_name)             \
  template <>                                              \
  struct TypePair<T> {                                     \
    static constexpr DataType kWeft = DataType::weft_name; \
    static MPI_Datatype mpi() { return mpi_name; }         \
  };
WEFT_TYPE_PAIR(float, f32, MPI_FLOAT)
WEFT_TYPE_PAIR(double, f64, MPI_DOUBLE)
WEFT_TYPE_PAIR(std::int8_t, i8, MPI_INT8_T)
WEFT_TYPE_PAIR(std::uint8_t, u8, MPI_UINT8_T)
WEFT_TYPE_PAIR(std::int32_t, i32, MPI_INT32_T)
WEFT_TYPE_PAIR(std::uint32_t, u32, MPI_UINT32_T)
WEFT_TYPE_PAIR(std::int64_t, i64, MPI_INT64_T)
WEFT_TYPE_PAIR(std::uint64_t, u64, MPI_UINT64_T)
#undef WEFT_TYPE_PAIR

MPI_Op mpi_op(ReduceOp op) {
  switch (op) {
    case ReduceOp::prod:
      return MPI_PROD;
    case ReduceOp::min:
      return MPI_MIN;
    case ReduceOp::max:
      return MPI_MAX;
    default:
      return MPI_SUM;
  }
}

Call draw(std::mt19937_64& random, int ranks) {
  constexpr Collective kCollectives[] = {Collective::all_reduce, Collective::reduce_scatter,
                                         Collective::all_gather, Collective::broadcast,
                                         Collective::reduce};
  constexpr ReduceOp kOps[] = {ReduceOp::sum, ReduceOp::prod, ReduceOp::min, ReduceOp::max};
  Call call;
  call.collective = kCollectives[random() % std::size(kCollectives)];
  call.op = kOps[random() % std::size(kOps)];
  // As many tiny calls as large ones: the size's logarithm is what is drawn.
  call.count = 1 + random() % (std::size_t{1} << (random() % 18));
  call.root = static_cast<int>(random() % static_cast<unsigned>(ranks));
  call.in_place = random() % 2 == 0;
  return call;
}

template <typename T>
std::vector<T> draw_elements(std::mt19937_64& random, std::size_t count) {
  std::vector<T> elements(count);
  for (T& element : elements) {
    if constexpr (std::is_floating_point_v<T>) {
      element = static_cast<T>(std::ldexp(static_cast<double>(random() % 20'001) - 10'000, -12));
    } else if constexpr (sizeof(T) == 1) {
      element = static_cast<T>(random() % 4);  // Open MPI's vector code saturates 8-bit sums
    } else {
      element = static_cast<T>(random());  // wider integers wrap around in both
    }
  }
  return elements;
}

// Sums may be taken in another order than MPI's.
template <typename T>
bool agrees(T mine, T theirs, ReduceOp op) {
  if constexpr (std::is_floating_point_v<T>) {
    if (op == ReduceOp::min || op == ReduceOp::max) return mine == theirs;
    const T scale = std::max({std::abs(mine), std::abs(theirs), T{4}});
    return std::abs(mine - theirs) <= 16 * std::numeric_limits<T>::epsilon() * scale;
  }
  return mine == theirs;
}

template <typename T>
class Oracle {
 public:
  Oracle(weft::Communicator& comm, const Call& call, std::vector<T> input)
      : comm_(comm), call_(call), input_(std::move(input)) {}

  // The number of elements that differ.
  std::size_t run() {
    std::vector<T> expected(output_elements());
    run_mpi(expected);
    std::vector<T> actual = call_.in_place ? run_in_place() : run_out_of_place();
    const bool written = call_.collective != Collective::reduce || comm_.rank() == call_.root;
    std::size_t wrong = 0;
    for (std::size_t i = 0; written && i < expected.size(); ++i) {
      wrong += !agrees(actual[i], expected[i], call_.op);
    }
    return wrong;
  }

 private:
  std::size_t output_elements() const {
    return call_.collective == Collective::all_gather ? call_.count * ranks() : call_.count;
  }
  std::size_t ranks() const { return static_cast<std::size_t>(comm_.size()); }
  std::size_t offset() const { return static_cast<std::size_t>(comm_.rank()) * call_.count; }

  void run_mpi(std::vector<T>& output) {
    const MPI_Datatype type = TypePair<T>::mpi();
    const MPI_Op op = mpi_op(call_.op);
    const int count = static_cast<int>(call_.count);
    switch (call_.collective) {
      case Collective::all_reduce:
        MPI_Allreduce(input_.data(), output.data(), count, type, op, MPI_COMM_WORLD);
        break;
      case Collective::reduce_scatter:
        MPI_Reduce_scatter_block(input_.data(), output.data(), count, type, op, MPI_COMM_WORLD);
        break;
      case Collective::all_gather:
        MPI_Allgather(input_.data(), count, type, output.data(), count, type, MPI_COMM_WORLD);
        break;
      case Collective::broadcast:
        output = input_;
        MPI_Bcast(output.data(), count, type, call_.root, MPI_COMM_WORLD);
        break;
      default:
        MPI_Reduce(input_.data(), output.data(), count, type, op, call_.root, MPI_COMM_WORLD);
    }
    // A rank may leave an MPI call owing others bytes that only its next MPI call moves on; in weft
    // it makes none.
    MPI_Barrier(MPI_COMM_WORLD);
  }

  void run_weft(const T* input, T* output) {
    const DataType type = TypePair<T>::kWeft;
    switch (call_.collective) {
      case Collective::all_reduce:
        return comm_.all_reduce(input, output, call_.count, type, call_.op);
      case Collective::reduce_scatter:
        return comm_.reduce_scatter(input, output, call_.count, type, call_.op);
      case Collective::all_gather:
        return comm_.all_gather(input, output, call_.count, type);
      case Collective::broadcast:
        return comm_.broadcast(input, output, call_.count, type, call_.root);
      default:
        return comm_.reduce(input, output, call_.count, type, call_.op, call_.root);
    }
  }

  std::vector<T> run_out_of_place() {
    std::vector<T> output(output_elements());
    run_weft(input_.data(), output.data());
    return output;
  }

  // Input and output share memory as NCCL defines it for each collective.
  std::vector<T> run_in_place() {
    if (call_.collective == Collective::reduce_scatter) {
      T* block = input_.data() + offset();
      run_weft(input_.data(), block);
      return std::vector<T>(block, block + call_.count);
    }
    std::vector<T> shared(output_elements());
    T* mine = shared.data() + (call_.collective == Collective::all_gather ? offset() : 0);
    std::memcpy(mine, input_.data(), input_.size() * sizeof(T));
    run_weft(mine, shared.data());
    return shared;
  }

  weft::Communicator& comm_;
  const Call& call_;
  std::vector<T> input_;
};

template <typename T>
std::size_t run_call(weft::Communicator& comm, const Call& call, std::mt19937_64& own) {
  const bool shares = call.collective == Collective::reduce_scatter;
  const std::size_t elements = call.count * (shares ? static_cast<std::size_t>(comm.size()) : 1);
  return Oracle<T>(comm, call, draw_elements<T>(own, elements)).run();
}

int run(int calls, std::uint64_t seed) {
  weft::Options options;
  options.bootstrap = weft::mpi_bootstrap(MPI_COMM_WORLD);
  auto comm = weft::Communicator::create(options);
  std::mt19937_64 common(seed);
  std::mt19937_64 own(seed + 1 + static_cast<std::uint64_t>(comm.rank()));
  using Run = std::size_t (*)(weft::Communicator&, const Call&, std::mt19937_64&);
  constexpr Run kTypes[] = {run_call<float>,        run_call<double>,       run_call<std::int8_t>,
                            run_call<std::uint8_t>, run_call<std::int32_t>, run_call<std::uint32_t>,
                            run_call<std::int64_t>, run_call<std::uint64_t>};
  int failures = 0;
  for (int i = 0; i < calls; ++i) {
    const Call call = draw(common, comm.size());
    const std::size_t type = common() % std::size(kTypes);
    const std::size_t wrong = kTypes[type](comm, call, own);
    if (wrong == 0) continue;
    ++failures;
    std::fprintf(stderr,
                 "mpi_oracle: rank %d, call %d of seed %llu: collective %d, type %zu, op %d, count "
                 "%zu, root %d, %s: %zu wrong\n",
                 comm.rank(), i, static_cast<unsigned long long>(seed),
                 static_cast<int>(call.collective), type, static_cast<int>(call.op), call.count,
                 call.root, call.in_place ? "in place" : "out of place", wrong);
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  const int calls = argc > 1 ? std::atoi(argv[1]) : 200;
  const std::uint64_t seed =
      argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device{}();
  std::uint64_t shared_seed = seed;
  MPI_Bcast(&shared_seed, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
  int status = 1;
  try {
    status = run(calls, shared_seed);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mpi_oracle: %s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
  return status;
}
