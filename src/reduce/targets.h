// Chooses what Highway compiles the kernels for; to be included before any of its headers.
//
// Processors that stop at SSSE3 take the plain path. The scalable vectors of SVE cannot be kept in
// arrays, as the kernels do: such processors use NEON.
#pragma once

#ifdef HWY_DISABLED_TARGETS
#error "Include reduce/targets.h before Highway's headers"
#endif
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
