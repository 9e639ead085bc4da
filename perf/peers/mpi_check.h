// MPI's return codes as exceptions.
#pragma once

namespace weft::perf {

// Throws std::runtime_error with MPI's text for the code.
[[noreturn]] void fail_mpi(int code, const char* what);

inline void check_mpi(int code, const char* what) {
  constexpr int kSuccess = 0;  // by MPI's standard
  if (code != kSuccess) [[unlikely]]
    fail_mpi(code, what);
}

}  // namespace weft::perf
