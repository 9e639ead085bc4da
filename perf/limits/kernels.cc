#include "perf/limits/kernels.h"

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weft::perf {
namespace {

// Vectorized by the compiler where it is inlined, for the instruction set of that function; the
// inner loops are unrolled into a few registers each.
inline __attribute__((always_inline)) void sum_loop(float* __restrict first,
                                                    float* __restrict second,
                                                    const float* __restrict a,
                                                    const float* __restrict b, std::size_t count) {
  constexpr std::size_t kUnroll = 64;
  std::size_t i = 0;
  if (second == nullptr) {
    for (; i + kUnroll <= count; i += kUnroll) {
      for (std::size_t k = i; k < i + kUnroll; ++k) first[k] = a[k] + b[k];
    }
    for (; i < count; ++i) first[i] = a[i] + b[i];
    return;
  }
  for (; i + kUnroll <= count; i += kUnroll) {
    for (std::size_t k = i; k < i + kUnroll; ++k) first[k] = second[k] = a[k] + b[k];
  }
  for (; i < count; ++i) first[i] = second[i] = a[i] + b[i];
}

void sum_plain(float* first, float* second, const float* a, const float* b, std::size_t count) {
  sum_loop(first, second, a, b, count);
}

#if defined(__x86_64__)

#if defined(__clang__)
#define WEFT_WIDEST "avx512f"
#else
#define WEFT_WIDEST "avx512f,prefer-vector-width=512"
#endif

__attribute__((target("avx2"))) void sum_avx2(float* first, float* second, const float* a,
                                              const float* b, std::size_t count) {
  sum_loop(first, second, a, b, count);
}

__attribute__((target(WEFT_WIDEST))) void sum_avx512(float* first, float* second, const float* a,
                                                     const float* b, std::size_t count) {
  sum_loop(first, second, a, b, count);
}

// Elements before the first 64-byte boundary of `at`.
std::size_t head_of(const float* at, std::size_t count) {
  const std::size_t past = reinterpret_cast<std::uintptr_t>(at) % 64;
  const std::size_t head = past == 0 ? 0 : (64 - past) / sizeof(float);
  return head < count ? head : count;
}

// Streams the part in which the outputs are aligned, a cache line at a time; `sum_line(i)` writes
// elements i to i + 15.
template <typename SumLine>
void stream_lines(float* first, float* second, const float* a, const float* b, std::size_t count,
                  SumLine sum_line) {
  const bool alike =
      second == nullptr ||
      (reinterpret_cast<std::uintptr_t>(first) - reinterpret_cast<std::uintptr_t>(second)) % 64 ==
          0;
  std::size_t i = alike ? head_of(first, count) : count;
  sum_plain(first, second, a, b, i);
  for (; i + 16 <= count; i += 16) sum_line(i);
  sum_plain(first + i, second != nullptr ? second + i : nullptr, a + i, b + i, count - i);
  _mm_sfence();
}

__attribute__((target("avx512f"))) void stream_avx512(float* first, float* second, const float* a,
                                                      const float* b, std::size_t count) {
  stream_lines(first, second, a, b, count, [=](std::size_t i) __attribute__((target("avx512f"))) {
    const __m512 sum = _mm512_add_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
    _mm512_stream_ps(first + i, sum);
    if (second != nullptr) _mm512_stream_ps(second + i, sum);
  });
}

void stream_sse(float* first, float* second, const float* a, const float* b, std::size_t count) {
  stream_lines(first, second, a, b, count, [=](std::size_t i) {
    __m128 sums[4];
    for (std::size_t k = 0; k < 4; ++k) {
      sums[k] = _mm_add_ps(_mm_loadu_ps(a + i + 4 * k), _mm_loadu_ps(b + i + 4 * k));
    }
    for (std::size_t k = 0; k < 4; ++k) _mm_stream_ps(first + i + 4 * k, sums[k]);
    if (second == nullptr) return;
    for (std::size_t k = 0; k < 4; ++k) _mm_stream_ps(second + i + 4 * k, sums[k]);
  });
}

#endif

}  // namespace

SumKernel cached_sum() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return sum_avx512;
  if (__builtin_cpu_supports("avx2")) return sum_avx2;
#endif
  return sum_plain;
}

SumKernel streaming_sum() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") ? stream_avx512 : stream_sse;
#else
  return sum_plain;
#endif
}

void streaming_copy(void* destination, const void* source, std::size_t bytes) {
#if defined(__x86_64__)
  auto* to = static_cast<__m128i*>(destination);
  const auto* from = static_cast<const __m128i*>(source);
  for (std::size_t i = 0; i < bytes / sizeof(__m128i); i += 4) {
    for (std::size_t k = i; k < i + 4; ++k) _mm_stream_si128(to + k, _mm_load_si128(from + k));
  }
  _mm_sfence();
#else
  std::memcpy(destination, source, bytes);
#endif
}

}  // namespace weft::perf
