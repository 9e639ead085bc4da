// Compiled with a NAME that exists and one that does not.
#include "algorithms/table.h"

static_assert(weft::algorithms::named(weft::Collective::reduce_scatter, NAME).name == NAME);
