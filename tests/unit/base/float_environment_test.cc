#include "base/float_environment.h"

#include <gtest/gtest.h>

#include <cfenv>
#include <limits>

namespace weft {
namespace {

// Values that the compiler cannot work with.
volatile double one = 1, three = 3, zero = 0, subnormal = std::numeric_limits<double>::denorm_min();
volatile double third;

class Mode {
 public:
  Mode() { std::fegetenv(&saved_); }
  ~Mode() { std::fesetenv(&saved_); }
  Mode(const Mode&) = delete;
  Mode& operator=(const Mode&) = delete;

 private:
  std::fenv_t saved_;
};

// Not inlined: compilers order arithmetic by no register but those that they know.
[[gnu::noinline]] double quotient(double a, double b) {
  third = a / b;
  return third;
}
double divided() { return quotient(one, three); }

TEST(FloatEnvironment, RoundsToNearestWhateverIsSet) {
  const double nearest = divided();
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    const Mode restored;
    std::fesetround(mode);
    {
      const FloatEnvironment environment;
      EXPECT_EQ(divided(), nearest);
    }
    EXPECT_EQ(std::fegetround(), mode);
    EXPECT_EQ(divided() == nearest, mode == FE_DOWNWARD || mode == FE_TOWARDZERO);
  }
}

TEST(FloatEnvironment, TrapsNothing) {
  const Mode restored;
  std::feclearexcept(FE_ALL_EXCEPT);
  feenableexcept(FE_ALL_EXCEPT & ~FE_INEXACT);
  {
    const FloatEnvironment environment;
    EXPECT_NE(quotient(zero, zero), one);
    EXPECT_GT(quotient(one, zero), one);
  }
  EXPECT_EQ(fegetexcept(), FE_ALL_EXCEPT & ~FE_INEXACT);
  EXPECT_EQ(std::fetestexcept(FE_ALL_EXCEPT & ~FE_INEXACT), 0);
}

#if defined(__x86_64__)
TEST(FloatEnvironment, KeepsSubnormals) {
  const Mode restored;
  _mm_setcsr(_mm_getcsr() | 0x8040);  // results and operands are flushed to zero
  {
    const FloatEnvironment environment;
    EXPECT_GT(subnormal * one, 0);
  }
  EXPECT_EQ(_mm_getcsr() & 0x8040, 0x8040U);
}
#endif

TEST(FloatEnvironment, LeavesRaisedExceptionsToTheProgram) {
  const Mode restored;
  std::feclearexcept(FE_ALL_EXCEPT);
  quotient(zero, zero);
  {
    const FloatEnvironment environment;
    EXPECT_NE(std::fetestexcept(FE_INVALID), 0);
  }
  EXPECT_NE(std::fetestexcept(FE_INVALID), 0);
}

}  // namespace
}  // namespace weft
