// sharded_inference_<mpi>: the same program over MPI, started by mpirun.
#include "network/mpi_network.h"
#include "program/run.h"

#include <fmt/format.h>
#include <mpi.h>

#include <exception>

int main(int argc, char** argv) {
  using namespace inference;
  Options options;
  if (const auto status = parse(argc, argv, Starts::by_launcher, options)) return *status;
  if (!options.make_model.empty()) return make_model(options);
  MPI_Init(&argc, &argv);
  int status = kFailed;
  try {
    const auto network = make_mpi_network();
    status = run(options, *network);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, kFailed);
  }
  MPI_Finalize();
  return status;
}
