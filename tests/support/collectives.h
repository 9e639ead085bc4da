// Runs one case of a collective in every way the API offers and compares each with the reference.
#pragma once

#include <weft/communicator.h>

#include <string>
#include <utility>

#include "support/reference.h"

namespace weft::testing {

// How a case is called.
struct Manner {
  enum class Form { blocking, async, plan } form = Form::blocking;
  bool in_place = false;
  bool allocated = false;  // buffers from Communicator::allocate()
};

// Throws std::runtime_error describing the first wrong element. Collective.
void run_case(Communicator& communicator, const Case& c, const Manner& manner);

std::string describe(const Case& c, const Manner& manner);

}  // namespace weft::testing
