#include "bootstrap/pmix_library.h"

#include "bootstrap/patient_call.h"

#include "base/error.h"

#include <dlfcn.h>
#include <unistd.h>

#include <atomic>

namespace weft::bootstrap {
namespace {

template <typename Function>
void look_up(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) fail(ErrorCode::unsupported, "libpmix.so.2 has no {}", name);
}

}  // namespace

// PMIx_Init() has no time-out of its own.
const PmixLibrary& PmixLibrary::session(const Deadline& deadline) {
  static std::atomic<const PmixLibrary*> open{nullptr};
  if (const PmixLibrary* session = open.load()) return *session;
  const auto trouble = call_within<std::optional<Error>>(deadline, []() -> std::optional<Error> {
    try {
      static const PmixLibrary kSession;
      open = &kSession;
      return std::nullopt;
    } catch (const Error& error) {
      return error;
    }
  });
  if (!trouble) {
    fail(ErrorCode::timeout, "the PMIx server that started this process does not answer within {}",
         in_words(deadline.timeout()));
  }
  if (*trouble) throw Error(**trouble);
  return *open;
}

PmixLibrary::PmixLibrary() : process_(getpid()) {
  // Global, for PMIx's own plugins; never closed, because they leave threads and handlers behind.
  void* library = dlopen("libpmix.so.2", RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    fail(ErrorCode::unsupported,
         "a PMIx launcher started this process, but libpmix.so.2 cannot be loaded ({}): install "
         "libpmix2, or set WEFT_RANK, WEFT_SIZE and WEFT_ROOT",
         dlerror());
  }
  look_up(library, "PMIx_Put", put);
  look_up(library, "PMIx_Commit", commit);
  look_up(library, "PMIx_Fence_nb", fence_nb);
  look_up(library, "PMIx_Get_nb", get_nb);
  look_up(library, "PMIx_Init", init_);
  look_up(library, "PMIx_Finalize", finalize_);
  look_up(library, "PMIx_Error_string", error_string_);
  const pmix_status_t status = init_(&self_, nullptr, 0);
  if (status != PMIX_SUCCESS) {
    fail(ErrorCode::bootstrap, "the PMIx server that started this process does not answer: {}",
         words(status));
  }
}

// At exit: launchers take a process that never said good-bye for one that crashed, and a session
// that was ended cannot be reopened by an MPI_Init() later on.
PmixLibrary::~PmixLibrary() {
  if (process_ == getpid()) (void)finalize_(nullptr, 0);
}

}  // namespace weft::bootstrap
