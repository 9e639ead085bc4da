/// Which symbols the shared library exports.
#pragma once

#if !defined(__linux__)
#error "weft supports Linux only"
#endif

/// Marks what libweft exports; everything else is hidden.
#define WEFT_API __attribute__((visibility("default")))
