/*
 * Vectors of VW floats, written with the compiler's vector extensions: the same source is 128-bit WebAssembly,
 * AVX2 and AVX-512. Loads and stores assume 4-byte alignment only, because a view into a tensor has no more.
 */
#ifndef UNROLLED_SIMD_H
#define UNROLLED_SIMD_H

#include <stdint.h>

#ifndef VW
#if defined(__AVX512F__)
#define VW 16
#elif defined(__AVX2__)
#define VW 8
#else
#define VW 4
#endif
#endif

typedef float vf __attribute__((ext_vector_type(VW), aligned(4)));
typedef int32_t vi __attribute__((ext_vector_type(VW), aligned(4)));
typedef uint32_t vu __attribute__((ext_vector_type(VW), aligned(4)));
typedef double vd __attribute__((ext_vector_type(VW), aligned(8)));

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE int least(int a, int b) { return a < b ? a : b; }
INLINE int most(int a, int b) { return a > b ? a : b; }
INLINE int64_t most_words(int64_t a, int64_t b) { return a > b ? a : b; }

INLINE vf load(const float *p) { return *(const vf *)p; }
INLINE void store(float *p, vf v) { *(vf *)p = v; }
INLINE vf splat(float x) { return (vf)x; }

/* a * b + c: fused where the machine has it. Baseline WebAssembly has none, and must not pretend. */
INLINE vf fma_(vf a, vf b, vf c) {
#if defined(__wasm_relaxed_simd__)
  return __builtin_wasm_relaxed_madd_f32x4(a, b, c);
#elif defined(__wasm__)
  return a * b + c;
#else
  return __builtin_elementwise_fma(a, b, c);
#endif
}

/* The first n < VW elements; the others are 0. A tail goes through the same vector code as the rest of an array,
 * so the bits of an element do not depend on where it lies. */
INLINE vf load_part(const float *p, int n) {
  float lane[VW] = {0};
  for (int i = 0; i < n; i++) lane[i] = p[i];
  return load(lane);
}
INLINE void store_part(float *p, vf v, int n) {
  float lane[VW];
  store(lane, v);
  for (int i = 0; i < n; i++) p[i] = lane[i];
}

/* n <= VW elements. */
INLINE vf load_n(const float *p, int n) { return n >= VW ? load(p) : load_part(p, n); }
INLINE void store_n(float *p, vf v, int n) {
  if (n >= VW) store(p, v);
  else store_part(p, v, n);
}

/* Between vectors of one size a cast keeps the bits. */
INLINE vf bits_to_float(vi v) { return (vf)v; }
INLINE vi float_to_bits(vf v) { return (vi)v; }
INLINE vf vsqrt(vf v) { return __builtin_elementwise_sqrt(v); }
INLINE vd to_double(vf v) { return __builtin_convertvector(v, vd); }

/* Lanes added in ascending order: one fixed order for each vector width. */
INLINE double sum_lanes(vd v) {
  double s = 0;
  for (int i = 0; i < VW; i++) s += v[i];
  return s;
}

#endif
