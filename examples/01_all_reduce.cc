// The smallest program: every rank contributes a vector, every rank gets the sum.
//
//   build/examples/01_all_reduce            forks four ranks on this host
//   mpirun -n 4 build/examples/01_all_reduce --launched     ranks come from the launcher
#include <weft/weft.h>

#include <cstdio>
#include <cstring>
#include <vector>

namespace {

int run(const weft::Options& options) {
  auto comm = weft::Communicator::create(options);
  std::vector<float> mine(1000, static_cast<float>(comm.rank() + 1)), sum(1000);
  comm.all_reduce(mine.data(), sum.data(), sum.size(), weft::DataType::f32, weft::ReduceOp::sum);
  std::printf("rank %d of %d: sum[0] = %g\n", comm.rank(), comm.size(), sum[0]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const bool launched = argc > 1 && std::strcmp(argv[1], "--launched") == 0;
  try {
    return launched ? run({}) : weft::run_local_ranks(4, run);
  } catch (const weft::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
