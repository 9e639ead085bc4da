#include "bootstrap/patient_call.h"

#include "base/error.h"

#include <dlfcn.h>

#include <csignal>
#include <system_error>
#include <thread>

namespace weft::bootstrap {

void run_aside(std::function<void()> call) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::string trouble;
  try {
    std::thread(std::move(call)).detach();
  } catch (const std::system_error& error) {
    trouble = error.what();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!trouble.empty()) fail(ErrorCode::no_resources, "no thread can be started: {}", trouble);
}

void stay_loaded() {
  Dl_info here{};
  if (dladdr(reinterpret_cast<void*>(&stay_loaded), &here) == 0) return;
  (void)dlopen(here.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

}  // namespace weft::bootstrap
