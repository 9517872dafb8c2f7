/*
 * What one core can do at most, as one JSON object: multiply-adds on values that never leave the registers, for each
 * vector width, and bytes read from buffers of three sizes. The best of several tries each: something else can only
 * slow it down.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TRIES = 7, CHAINS = 12 }; /* chains: latency 4 at two a cycle needs 8, and AVX2 has 16 registers */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* An empty instruction that claims to change the register: the compiler may neither drop nor reorder the chains. */
#if defined(__x86_64__)
#define KEEP(v) __asm__ volatile("" : "+v"(v))
#else
#define KEEP(v) __asm__ volatile("" : "+w"(v))
#endif

/* GFLOP/s of x = x * a + b on CHAINS vectors of BYTES, fused where CONTRACT says so. */
#define RATE(NAME, BYTES, TARGET, CONTRACT)                                                                  \
  typedef float NAME##_v __attribute__((vector_size(BYTES)));                                                \
  TARGET static double NAME(void) {                                                                          \
    const int rounds = 4000000;                                                                              \
    double best = 0;                                                                                         \
    for (int attempt = 0; attempt < TRIES; attempt++) {                                                      \
      NAME##_v a = {0}, b = {0}, x[CHAINS] = {{0}};                                                          \
      KEEP(a);                                                                                               \
      KEEP(b);                                                                                               \
      const double start = now();                                                                            \
      for (int round = 0; round < rounds; round++) {                                                         \
        _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) {                                          \
          CONTRACT                                                                                           \
          KEEP(x[i]);                                                                                        \
        }                                                                                                    \
      }                                                                                                      \
      const double rate = 2e-9 * CHAINS * (BYTES / 4) * rounds / (now() - start);                            \
      if (rate > best) best = rate;                                                                          \
    }                                                                                                        \
    return best;                                                                                             \
  }

#define FUSED x[i] = x[i] * a + b; /* built with -ffp-contract=fast */
#define APART                                                                                                \
  x[i] = x[i] * a;                                                                                           \
  KEEP(x[i]);                                                                                                \
  x[i] = x[i] + b;

#if defined(__x86_64__)
RATE(simd128, 16, __attribute__((target("avx"))), APART)
RATE(relaxed, 16, __attribute__((target("avx,fma"))), FUSED)
RATE(avx2, 32, __attribute__((target("avx2,fma"))), FUSED)
RATE(avx512, 64, __attribute__((target("avx512f"))), FUSED)
#else
RATE(simd128, 16, , APART)
RATE(relaxed, 16, , FUSED)
#endif

/* GB/s of reading `bytes` again and again, with four sums so that additions do not hold it up. */
static double bandwidth(size_t bytes) {
  typedef uint64_t words __attribute__((vector_size(64), aligned(64)));
  words *data = aligned_alloc(64, bytes);
  if (data == NULL) return 0;
  const size_t n = bytes / sizeof(words);
  for (size_t i = 0; i < n; i++) data[i] = (words){i};
  const int rounds = (int)(((size_t)1 << 30) / bytes) + 1;
  double best = 0;
  for (int attempt = 0; attempt < 3; attempt++) {
    words s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    const double start = now();
    for (int round = 0; round < rounds; round++) {
      for (size_t i = 0; i < n; i += 4) {
        s0 ^= data[i];
        s1 ^= data[i + 1];
        s2 ^= data[i + 2];
        s3 ^= data[i + 3];
      }
      __asm__ volatile("" ::: "memory");
    }
    const double rate = 1e-9 * (double)bytes * rounds / (now() - start);
    volatile uint64_t sink = s0[0] ^ s1[0] ^ s2[0] ^ s3[0];
    (void)sink;
    if (rate > best) best = rate;
  }
  free(data);
  return best;
}

int main(void) {
  printf("{\"gflops\":{\"simd128\":%.1f", simd128());
#if defined(__x86_64__)
  if (__builtin_cpu_supports("fma")) printf(",\"relaxed-simd\":%.1f", relaxed());
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) printf(",\"avx2\":%.1f", avx2());
  if (__builtin_cpu_supports("avx512f")) printf(",\"avx512\":%.1f", avx512());
#else
  const double neon = relaxed();
  printf(",\"relaxed-simd\":%.1f,\"neon\":%.1f", neon, neon);
#endif
  printf("},\"gbps\":{\"512 KiB\":%.1f,\"8 MiB\":%.1f,\"512 MiB\":%.1f}}\n", bandwidth((size_t)512 << 10),
         bandwidth((size_t)8 << 20), bandwidth((size_t)512 << 20));
  return 0;
}
