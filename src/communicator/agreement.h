// What may fail at one rank of a collective set-up fails at all of them, with the same error.
#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <vector>

#include "base/error.h"
#include "communicator/impl.h"
#include "communicator/verdict.h"

namespace weft {

// Runs a step and says how it went; what else than Error and std::bad_alloc it throws passes.
template <typename Step>
Verdict verdict_of(const Step& step) {
  try {
    step();
    return {};
  } catch (const Error& error) {
    return Verdict::of(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return Verdict::of(ErrorCode::no_resources, "out of memory");
  }
}

// Throws the error of the first rank that has one, and names it.
void check_all(const char* call, std::span<const Verdict> by_rank);

// Tells the others how a step went here; throws at every rank what it met at the first rank where
// it failed. Collective. Nobody returns before all have called it.
void agree(Communicator::Impl& communicator, const char* call, const Verdict& mine);

// Runs a step at every rank. Collective; throws as above. The step itself tells nobody anything.
template <typename Step>
void together(Communicator::Impl& communicator, const char* call, const Step& step) {
  agree(communicator, call, verdict_of(step));
}

}  // namespace weft
