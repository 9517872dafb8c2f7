/* Elementary functions on vectors. Every one lets NaN through and is exact at the infinities. */
#ifndef UNROLLED_FUNCTIONS_H
#define UNROLLED_FUNCTIONS_H

#include "simd.h"

/*
 * Constants come from memory, one vector each, by way of an object the compiler cannot see into: as immediates V8
 * would build each again at every use, from two integer registers.
 */
typedef struct {
  vf bound, top, p[5], q[5];
} TanhConstants;
typedef struct {
  vf top, bottom, magic, log2e, minus_ln2_high, minus_ln2_low, one, p[6];
} ExpConstants;
extern const TanhConstants tanh_constants, sigmoid_constants;
extern const ExpConstants exp_constants;

/* Written so that a NaN in x stays: a comparison with NaN is false. */
INLINE vf at_most(vf x, vf limit) { return limit < x ? limit : x; }
INLINE vf at_least(vf x, vf limit) { return x < limit ? limit : x; }

/*
 * tanh as an odd rational function x P(x^2) / Q(x^2), P and Q of degree 4, fitted on [0, 8.7] for the least greatest
 * error (iteratively reweighted least squares, then a search over the coefficients' last bits). Absolute error below
 * 3.1e-7. At 8.7 it rounds to 1, where float tanh is within half a unit of 1 as well.
 */
INLINE vf rational(vf x, const TanhConstants *k) {
  x = at_least(at_most(x, k->bound), -k->bound);
  const vf u = x * x;
  vf p = k->p[4], q = k->q[4];
  UNROLL for (int i = 3; i >= 0; i--) p = fma_(p, u, k->p[i]);
  UNROLL for (int i = 3; i >= 0; i--) q = fma_(q, u, k->q[i]);
  return at_least(at_most(x * p / q, k->top), -k->top);
}

INLINE vf vtanh(vf x) { return rational(x, &tanh_constants); }

/* (1 + tanh(x / 2)) / 2, the halves being part of the coefficients: exact, they are powers of two. */
INLINE vf vsigmoid(vf x) {
  const TanhConstants *k = &sigmoid_constants;
  return rational(x, k) + k->top;
}

/*
 * exp: 2^n * e^r with n the nearest integer to x / ln 2 and |r| <= ln 2 / 2 (Cody and Waite's two-part reduction),
 * e^r by its Taylor polynomial of degree 7. 2^n in two factors, so that results below the normal range are rounded
 * once instead of lost.
 */
INLINE vf vexp(vf x) {
  const ExpConstants *k = &exp_constants;
  x = at_least(at_most(x, k->top), k->bottom);
  const vf shifted = fma_(x, k->log2e, k->magic);
  const vf n = shifted - k->magic;
  vf r = fma_(n, k->minus_ln2_high, x);
  r = fma_(n, k->minus_ln2_low, r);
  vf p = k->p[5];
  UNROLL for (int i = 4; i >= 0; i--) p = fma_(p, r, k->p[i]);
  p = fma_(p, r * r, r) + k->one;
  const vi whole = float_to_bits(shifted) - float_to_bits(k->magic);
  const vi half = whole >> 1;
  const vi one = float_to_bits(k->one);
  const vf low = bits_to_float((half << 23) + one), high = bits_to_float(((whole - half) << 23) + one);
  const vf y = p * low * high;
  /* NaN took part in the integer arithmetic above: put it back. */
  return x == x ? y : x;
}

INLINE int64_t double_bits(double x) {
  union { double x; int64_t bits; } u = {.x = x};
  return u.bits;
}
INLINE double bits_double(int64_t bits) {
  union { int64_t bits; double x; } u = {.bits = bits};
  return u.x;
}

/* Natural logarithm in double: x = 2^e * m with m in [sqrt(1/2), sqrt(2)), log m = 2 artanh((m - 1) / (m + 1)). */
INLINE double log_double(double x) {
  if (!(x > 0)) return x == 0 ? -__builtin_inf() : __builtin_nan("");
  if (x - x != 0) return x; /* +inf */
  int64_t bits = double_bits(x);
  int64_t e = 0;
  if (bits < (1LL << 52)) {
    x *= 0x1p54;
    bits = double_bits(x);
    e = -54;
  }
  e += (bits >> 52) - 1023;
  double m = bits_double((bits & 0xfffffffffffffLL) | 0x3ff0000000000000LL);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    e++;
  }
  const double s = (m - 1) / (m + 1), z = s * s;
  double series = 0;
  for (int i = 21; i >= 1; i -= 2) series = series * z + 1.0 / i;
  return (double)e * 0.6931471805599453 + 2 * s * series;
}

/* x^n by repeated squaring, n >= 0. */
INLINE double power(double x, int n) {
  double y = 1;
  for (; n > 0; n >>= 1, x *= x)
    if (n & 1) y *= x;
  return y;
}

#endif
