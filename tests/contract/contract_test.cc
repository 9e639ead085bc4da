#include "contract.h"

namespace weft::contract {

INSTANTIATE_TEST_SUITE_P(Every, Contract, testing::ValuesIn(all_subjects()), subject_name);

}  // namespace weft::contract
