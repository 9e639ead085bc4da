#include "perf/peers/mpi_check.h"

#include <fmt/format.h>
#include <mpi.h>

#include <stdexcept>

namespace weft::perf {

void fail_mpi(int code, const char* what) {
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw std::runtime_error(fmt::format("{}: {}", what, text));
}

}  // namespace weft::perf
