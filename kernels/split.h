/* f32 numbers as two bf16 parts: hi = bf16(x), lo = bf16(x - hi), to nearest even. hi + lo is x within 2^-17 |x|, and
 * within 2^-16 |x| where hi could not be rounded up. */
#ifndef UNROLLED_SPLIT_H
#define UNROLLED_SPLIT_H

#include <immintrin.h>
#include "simd.h"

/* Pairs of bf16 numbers: the even one in the lower half of a word. */
typedef struct {
  vu hi, lo;
} Parts;

INLINE vf lower_part(vu pairs) { return (vf)(pairs << 16); }
INLINE vf upper_part(vu pairs) { return (vf)(pairs & 0xffff0000u); }

/* Subnormals become zeros, as the products take them. */
INLINE vu round_pairs(vf even, vf odd) {
  typedef uint16_t Halves __attribute__((ext_vector_type(32)));
  const Halves both = (Halves)_mm512_cvtne2ps_pbh((__m512)odd, (__m512)even);
  return (vu)__builtin_shufflevector(both, both, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25,
                                     10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/* The first magnitude that rounds to infinity. */
#define ROUNDS_TO_INFINITY 0x7f7f8000

INLINE vi magnitude(vf x) { return float_to_bits(x) & 0x7fffffff; }

/* Parts of what would not stay finite are cut off instead of rounded, so that their sum stays finite; a NaN stays one,
 * and lo of what is not finite is 0. Other lanes are as ever. */
INLINE vf cut(vf x) { return (vf)((vu)x & 0xffff0000u); }
INLINE vf cut_hi(vf x, vf rounded) {
  const vf quiet = magnitude(x) > 0x7f800000 ? (vf)((vu)x | 0x400000u) : x;
  return magnitude(x) >= ROUNDS_TO_INFINITY ? cut(quiet) : rounded;
}
INLINE vf cut_lo(vf x, vf hi) {
  const vf rest = magnitude(x) >= 0x7f800000 ? splat(0) : x - hi;
  return magnitude(x) >= ROUNDS_TO_INFINITY ? cut(rest) : rest;
}

static __attribute__((noinline)) Parts split_large(vf even, vf odd) {
  const vu rounded = round_pairs(even, odd);
  const vf hi_even = cut_hi(even, lower_part(rounded)), hi_odd = cut_hi(odd, upper_part(rounded));
  return (Parts){(vu)hi_even >> 16 | (vu)hi_odd, round_pairs(cut_lo(even, hi_even), cut_lo(odd, hi_odd))};
}

INLINE Parts split_pairs(vf even, vf odd) {
  const vi top = __builtin_elementwise_max(magnitude(even), magnitude(odd));
  if (__builtin_expect(__builtin_reduce_or(top >= ROUNDS_TO_INFINITY) != 0, 0)) return split_large(even, odd);
  const vu hi = round_pairs(even, odd);
  return (Parts){hi, round_pairs(even - lower_part(hi), odd - upper_part(hi))};
}

#endif
