// Run by an MPI launcher: checks weft's start-up over MPI. Usage: mpi_program SIZE
#include <weft/mpi.h>

#include <cstdio>
#include <cstdlib>

namespace {

int failures = 0;

void expect(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "mpi_program: %s\n", what);
  ++failures;
}

weft::Blob blob_of(int rank, int call) {
  return weft::Blob(static_cast<std::size_t>(rank) * 1000,
                    static_cast<std::byte>(16 * rank + call));
}

void gather_and_check(weft::Bootstrap& bootstrap) {
  for (int call = 0; call < 3; ++call) {
    const auto all =
        bootstrap.all_gather(blob_of(bootstrap.rank(), call), std::chrono::seconds(30));
    expect(all.size() == static_cast<std::size_t>(bootstrap.size()), "one blob per rank");
    for (int rank = 0; rank < bootstrap.size(); ++rank) {
      expect(all[static_cast<std::size_t>(rank)] == blob_of(rank, call), "every rank's own blob");
    }
  }
}

// The odd and the even ranks, in reverse order.
void check_a_part(int world_rank) {
  MPI_Comm part = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, world_rank % 2, -world_rank, &part);
  {
    const auto bootstrap = weft::mpi_bootstrap(part);
    int rank = -1;
    MPI_Comm_rank(part, &rank);
    expect(bootstrap->rank() == rank, "the rank in the communicator that was given");
    MPI_Comm_free(&part);  // weft has a duplicate
    gather_and_check(*bootstrap);
  }
}

// Rank 0 does not call.
void check_missing_rank(int world_rank) {
  const auto bootstrap = weft::mpi_bootstrap(MPI_COMM_WORLD);
  for (int attempt = 0; world_rank != 0 && attempt < 2; ++attempt) {
    try {
      bootstrap->all_gather({}, std::chrono::milliseconds(100));
      expect(false, "a rank that does not come is an error");
    } catch (const weft::Error& error) {
      expect(error.code() == (attempt == 0 ? weft::ErrorCode::timeout : weft::ErrorCode::bootstrap),
             "a time-out first, and an unusable start-up then");
    }
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  try {
    const auto bootstrap = weft::mpi_bootstrap(MPI_COMM_WORLD);
    expect(bootstrap->size() == (argc > 1 ? std::atoi(argv[1]) : 0), "all ranks of the job");
    expect(bootstrap->rank() == rank, "MPI's rank");
    gather_and_check(*bootstrap);
    check_a_part(rank);
    check_missing_rank(rank);
  } catch (const std::exception& error) {
    expect(false, error.what());
  }
  MPI_Finalize();
  return failures == 0 ? 0 : 1;
}
