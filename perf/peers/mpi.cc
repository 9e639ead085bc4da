// The common loop over MPI: built once against Open MPI and once against MPICH.
#include "perf/common/command_line.h"
#include "perf/common/names.h"
#include "perf/pairs/program.h"
#include "perf/peers/mpi_check.h"
#include "perf/peers/mpi_pair.h"

#include <fmt/format.h>
#include <mpi.h>
#include <weft/collective_traits.h>

#include <chrono>
#include <cstring>
#include <limits>
#include <thread>

namespace weft::perf {
namespace {

// MPI_DATATYPE_NULL for what MPI does not have.
MPI_Datatype mpi_type(DataType type) {
  switch (type) {
    case DataType::f32:
      return MPI_FLOAT;
    case DataType::f64:
      return MPI_DOUBLE;
    case DataType::i8:
      return MPI_INT8_T;
    case DataType::u8:
      return MPI_UINT8_T;
    case DataType::i32:
      return MPI_INT32_T;
    case DataType::u32:
      return MPI_UINT32_T;
    case DataType::i64:
      return MPI_INT64_T;
    case DataType::u64:
      return MPI_UINT64_T;
    default:
      return MPI_DATATYPE_NULL;
  }
}

MPI_Op mpi_op(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum:
      return MPI_SUM;
    case ReduceOp::prod:
      return MPI_PROD;
    case ReduceOp::min:
      return MPI_MIN;
    case ReduceOp::max:
      return MPI_MAX;
    default:
      return MPI_OP_NULL;
  }
}

class MpiCandidate : public Candidate {
 public:
  MpiCandidate() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
  }

  std::string name() const override { return WEFT_PEER_NAME; }
  int rank() const override { return rank_; }
  int size() const override { return size_; }

  bool supports(const Operation& operation) const override {
    if (operation.count > static_cast<std::size_t>(std::numeric_limits<int>::max())) return false;
    if (operation.collective == Collective::barrier) return true;
    if (mpi_type(operation.type) == MPI_DATATYPE_NULL) return false;
    // MPI's in-place reduce_scatter_block leaves the result elsewhere.
    if (operation.collective == Collective::reduce_scatter && operation.in_place) return false;
    return !traits_of(operation.collective).reduces || mpi_op(operation.op) != MPI_OP_NULL;
  }

  void prepare(const Operation& operation) override {
    operation_ = operation;
    count_ = static_cast<int>(operation.count);
    type_ = mpi_type(operation.type);
    op_ = mpi_op(operation.op);
  }

  void run() override { check_mpi(call(), "MPI"); }
  void barrier() override { check_mpi(MPI_Barrier(MPI_COMM_WORLD), "MPI_Barrier"); }

  std::int64_t sum_over_ranks(std::int64_t value) override {
    std::int64_t sum = 0;
    check_mpi(MPI_Allreduce(&value, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD),
              "MPI_Allreduce");
    return sum;
  }

 private:
  int call() {
    const Operation& o = operation_;
    const void* input = o.in_place ? MPI_IN_PLACE : o.input;
    const bool at_root = rank_ == o.root;
    switch (o.collective) {
      case Collective::all_reduce:
        return MPI_Allreduce(input, o.output, count_, type_, op_, MPI_COMM_WORLD);
      case Collective::reduce_scatter:
        return MPI_Reduce_scatter_block(input, o.output, count_, type_, op_, MPI_COMM_WORLD);
      case Collective::all_gather:
        return MPI_Allgather(input, count_, type_, o.output, count_, type_, MPI_COMM_WORLD);
      case Collective::broadcast:
        return broadcast(at_root);
      case Collective::reduce:
        return MPI_Reduce(at_root ? input : o.input, o.output, count_, type_, op_, o.root,
                          MPI_COMM_WORLD);
      case Collective::barrier:
        return MPI_Barrier(MPI_COMM_WORLD);
    }
    return MPI_ERR_OTHER;
  }

  // MPI_Bcast has one buffer: out of place the root sends its input, the others receive their
  // output. The root's own output is then copied, as every other library here does.
  int broadcast(bool at_root) {
    const Operation& o = operation_;
    if (o.in_place || !at_root) return MPI_Bcast(o.output, count_, type_, o.root, MPI_COMM_WORLD);
    const int code = MPI_Bcast(const_cast<void*>(o.input), count_, type_, o.root, MPI_COMM_WORLD);
    std::memcpy(o.output, o.input, o.count * element_bytes(o.type));
    return code;
  }

  int rank_ = 0;
  int size_ = 1;
  Operation operation_;
  int count_ = 0;
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
  MPI_Op op_ = MPI_OP_NULL;
};

// Collectives and what is between two ranks, by the name of what is measured.
int run(const SweepArguments& arguments, const std::string& command) {
  const auto presentation = [&](const Ranks& job) {
    return Presentation{.command = command,
                        .preamble = fmt::format("# {}, {} ranks\n", job.name(), job.size())};
  };
  if (find_pair_mode(arguments.collective)) {
    MpiPair pair;
    return run_pair_candidate(pair, arguments, presentation(pair));
  }
  MpiCandidate candidate;
  return run_candidate(candidate, arguments, presentation(candidate));
}

}  // namespace
}  // namespace weft::perf

int main(int argc, char** argv) {
  using namespace weft::perf;
  CLI::App app("Collectives of " WEFT_PEER_NAME
               " in the loop of weft-perf, and send_lat, send_bw, put_lat, put_bw between two "
               "ranks; start it under mpirun",
               "weft-peer-" WEFT_PEER_NAME);
  SweepArguments arguments;
  add_sweep_options(app, arguments);
  return weft::programs::run(app, argc, argv, [&] {
    MPI_Init(nullptr, nullptr);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    int status = kExitError;
    try {
      status = run(arguments, weft::programs::joined(argc, argv));
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}: {}\n", app.get_name(), error.what());
      // Launchers drop what they have not read by then.
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      MPI_Abort(MPI_COMM_WORLD, kExitError);
    }
    MPI_Finalize();
    return status;
  });
}
