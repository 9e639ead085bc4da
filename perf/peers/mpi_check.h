// MPI's return codes as exceptions.
#pragma once

#include <fmt/format.h>
#include <mpi.h>

#include <stdexcept>

namespace weft::perf {

inline void check_mpi(int code, const char* what) {
  if (code == MPI_SUCCESS) [[likely]]
    return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw std::runtime_error(fmt::format("{}: {}", what, text));
}

}  // namespace weft::perf
