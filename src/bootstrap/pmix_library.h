// The PMIx client library, loaded at run time so that libweft does not link it.
#pragma once

#include "bootstrap/deadline.h"

#include <pmix.h>

#include <string>

#include "base/descriptor.h"

namespace weft::bootstrap {

// This process's session with its PMIx server. There is one per process, as in PMIx itself, which
// counts initializations: an application may use PMIx or MPI beside weft, before or after.
class PmixLibrary {
 public:
  // Loads and initializes on first use. Throws Error(unsupported) without the library,
  // Error(bootstrap) where the server refuses, Error(timeout) where it does not answer: a later
  // call waits for the same answer.
  static const PmixLibrary& session(const Deadline& deadline);

  PmixLibrary(const PmixLibrary&) = delete;
  PmixLibrary& operator=(const PmixLibrary&) = delete;

  const pmix_proc_t& self() const { return self_; }
  std::string words(pmix_status_t status) const { return error_string_(status); }

  decltype(&PMIx_Put) put = nullptr;
  decltype(&PMIx_Commit) commit = nullptr;
  decltype(&PMIx_Fence_nb) fence_nb = nullptr;
  decltype(&PMIx_Get_nb) get_nb = nullptr;

 private:
  PmixLibrary();
  ~PmixLibrary();

  StandardDescriptors standard_;  // PMIx opens sockets at any time
  decltype(&PMIx_Init) init_ = nullptr;
  decltype(&PMIx_Finalize) finalize_ = nullptr;
  decltype(&PMIx_Error_string) error_string_ = nullptr;
  pmix_proc_t self_{};
  int process_ = 0;  // whose session it is: a forked child must not end its parent's
};

}  // namespace weft::bootstrap
