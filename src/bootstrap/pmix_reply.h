// What PMIx answers to a request that was started, for a waiter that does not wait for ever.
#pragma once

#include <weft/blob.h>

#include "bootstrap/deadline.h"

#include <pmix.h>

#include <cstdint>
#include <functional>
#include <optional>

namespace weft::bootstrap {

struct PmixReply {
  pmix_status_t status = PMIX_SUCCESS;
  std::optional<std::uint32_t> number;  // the value, where it is a number
  std::optional<Blob> bytes;            // the value, where it is bytes
};

// Starts a request and waits for its callback. None: the deadline passed; a late callback does no
// harm.
std::optional<PmixReply> await_fence(
    const std::function<pmix_status_t(pmix_op_cbfunc_t, void*)>& start, const Deadline& deadline);
std::optional<PmixReply> await_value(
    const std::function<pmix_status_t(pmix_value_cbfunc_t, void*)>& start,
    const Deadline& deadline);

}  // namespace weft::bootstrap
