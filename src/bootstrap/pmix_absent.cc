// Stands in for pmix.cc where PMIx's headers were missing when weft was built.
#include "bootstrap/bootstrap.h"

#include "base/error.h"

namespace weft::bootstrap {

std::shared_ptr<Bootstrap> make_pmix(std::chrono::nanoseconds) {
  fail(ErrorCode::unsupported,
       "a PMIx launcher started this process, but this weft was built without PMIx (libpmix-dev): "
       "set WEFT_RANK, WEFT_SIZE and WEFT_ROOT instead");
}

}  // namespace weft::bootstrap
