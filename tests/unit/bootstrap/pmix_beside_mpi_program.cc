// Run by Open MPI's launcher: an application that uses MPI keeps it when weft starts over PMIx, and
// weft keeps PMIx. Usage: pmix_beside_mpi_program weft-first|mpi-first
#include "bootstrap/bootstrap.h"

#include <mpi.h>

#include <cstdio>
#include <memory>
#include <string_view>

using namespace weft;

namespace {

std::shared_ptr<Bootstrap> start_weft() { return bootstrap::make(resolve({})); }

bool gathers(Bootstrap& pmix) {
  const Blob mine(static_cast<std::size_t>(pmix.rank()), std::byte{1});
  const auto all = pmix.all_gather(mine, std::chrono::seconds(30));
  return all.back().size() + 1 == all.size();
}

bool reduces(int ranks) {
  const int one = 1;
  int sum = 0;
  MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  return sum == ranks;
}

}  // namespace

int main(int argc, char** argv) {
  const bool weft_first = argc > 1 && std::string_view(argv[1]) == "weft-first";
  std::shared_ptr<Bootstrap> pmix;
  if (weft_first) pmix = start_weft();
  MPI_Init(&argc, &argv);
  if (!weft_first) pmix = start_weft();
  const bool during = pmix->description() == "pmix" && gathers(*pmix) && reduces(pmix->size());
  MPI_Finalize();
  const bool after = gathers(*pmix);
  if (!during || !after) std::fprintf(stderr, "rank %d: wrong result\n", pmix->rank());
  return during && after ? 0 : 1;
}
