// The floating-point environment that results are promised in.
#pragma once

#include <cstdint>

#include "base/cpu.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <cfenv>
#endif

namespace weft {

// While one lives, arithmetic of this thread rounds to nearest, keeps subnormals and traps nothing,
// whatever the program has set; afterwards what it has set counts again. So ranks that differ in it
// get the same bits, and a NaN in the data raises no signal. Costs a read of a register where
// nothing is set. What exceptions are raised inside is kept from the program only where something
// was set.
class FloatEnvironment {
 public:
  FloatEnvironment() noexcept {
#if defined(__x86_64__) || defined(__aarch64__)
    saved_ = read();
    if (differs()) [[unlikely]]
      write(kDefault);
#else
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
#endif
  }
  ~FloatEnvironment() {
#if defined(__x86_64__) || defined(__aarch64__)
    if (differs()) [[unlikely]]
      write(saved_);
#else
    std::fesetenv(&saved_);
#endif
  }
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
#if defined(__x86_64__)
  // MXCSR: exceptions masked; below are those that were raised.
  using Register = std::uint32_t;
  static constexpr Register kDefault = 0x1F80;
  static constexpr Register kControl = 0xFFC0;
  static Register read() noexcept { return _mm_getcsr(); }
  static void write(Register value) noexcept { _mm_setcsr(value); }
#elif defined(__aarch64__)
  // FPCR: all 0.
  using Register = std::uint64_t;
  static constexpr Register kDefault = 0;
  static constexpr Register kControl = ~Register{0};
  static Register read() noexcept {
    Register value;
    asm volatile("mrs %0, fpcr" : "=r"(value)::"memory");
    return value;
  }
  static void write(Register value) noexcept {
    asm volatile("msr fpcr, %0" ::"r"(value) : "memory");
  }
#endif

#if defined(__x86_64__) || defined(__aarch64__)
  bool differs() const noexcept { return ((saved_ ^ kDefault) & kControl) != 0; }
  Register saved_;
#else
  std::fenv_t saved_;
#endif
};

}  // namespace weft
