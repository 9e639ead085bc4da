// The two exchanges of a mixture-of-experts layer, as a decoding model runs them.
#pragma once

#include <weft/weft.h>

#include "perf/common/command_line.h"

namespace weft::perf {

// Collective. Rank 0 prints, for 8 to 256 tokens per rank of 2048 and of 7168 bf16 elements that go
// to 8 of 32 experts each (or of the next multiple of the ranks), how long dispatch and combine
// take from start to finish. The sweep's sizes bound the bytes of a rank's tokens; its `iterations`
// 0: by size. Returns the exit status: 1 where sums were wrong.
int run_moe(Communicator& communicator, const SweepArguments& sweep);

}  // namespace weft::perf
