// What may fail at one rank of a collective set-up fails at all of them, with the same error.
#pragma once

#include "base/verdict.h"
#include "communicator/impl.h"

namespace weft {

// Tells the others how a step went here; throws at every rank what it met at the first rank where
// it failed. Collective. Nobody returns before all have called it.
void agree(Communicator::Impl& communicator, const char* call, const Verdict& mine);

// Runs a step at every rank. Collective; throws as above. The step itself tells nobody anything.
template <typename Step>
void together(Communicator::Impl& communicator, const char* call, const Step& step) {
  agree(communicator, call, verdict_of(step));
}

}  // namespace weft
