// The fixture: every test runs against every subject.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "world.h"

namespace weft::contract {

class Contract : public testing::TestWithParam<Subject> {
 protected:
  void run(int ranks, const Body& body, int killed = -1) {
    contract::run(GetParam(), ranks, body, killed);
  }
};

inline void PrintTo(const Subject& subject, std::ostream* out) { *out << subject.name; }

inline std::string subject_name(const testing::TestParamInfo<Subject>& info) {
  return info.param.name;
}

}  // namespace weft::contract
