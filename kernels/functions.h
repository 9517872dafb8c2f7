/* Elementary functions on vectors. Every one lets NaN through and is exact at the infinities. */
#ifndef UNROLLED_FUNCTIONS_H
#define UNROLLED_FUNCTIONS_H

#include "simd.h"

/* Written so that a NaN in x stays: a comparison with NaN is false. */
INLINE vf at_most(vf x, float limit) { return (vf)limit < x ? (vf)limit : x; }
INLINE vf at_least(vf x, float limit) { return x < (vf)limit ? (vf)limit : x; }

/*
 * tanh as an odd rational function x P(x^2) / Q(x^2), P and Q of degree 4, fitted on [0, 8.7] for the least greatest
 * error (iteratively reweighted least squares, then scaled so that the rounded coefficients do best). Absolute error
 * below 3.1e-7. At 8.7 it rounds to 1, where float tanh is within half a unit of 1 as well.
 */
INLINE vf vtanh(vf x) {
  x = at_least(at_most(x, 8.7f), -8.7f);
  const vf u = x * x;
  vf p = splat(0x1.9a9cd8p-26f);
  p = fma_(p, u, splat(0x1.2f80c8p-15f));
  p = fma_(p, u, splat(0x1.8df652p-8f));
  p = fma_(p, u, splat(0x1.d9ec42p-3f));
  p = fma_(p, u, splat(0x1.ba2946p+0f));
  vf q = splat(0x1.719316p-20f);
  q = fma_(q, u, splat(0x1.2c8ac8p-11f));
  q = fma_(q, u, splat(0x1.6f3820p-5f));
  q = fma_(q, u, splat(0x1.9d4132p-1f));
  q = fma_(q, u, splat(0x1.ba294cp+0f));
  return at_least(at_most(x * p / q, 1.0f), -1.0f);
}

INLINE vf vsigmoid(vf x) { return fma_(splat(0.5f), vtanh(x * 0.5f), splat(0.5f)); }

/*
 * exp: 2^n * e^r with n the nearest integer to x / ln 2 and |r| <= ln 2 / 2 (Cody and Waite's two-part reduction),
 * e^r by its Taylor polynomial of degree 7. 2^n in two factors, so that results below the normal range are rounded
 * once instead of lost.
 */
INLINE vf vexp(vf x) {
  x = at_least(at_most(x, 89.0f), -104.0f);
  const vf magic = splat(12582912.0f); /* 1.5 * 2^23: adding it rounds to an integer, left in the low bits */
  const vf shifted = fma_(x, splat(1.44269504f), magic);
  const vf n = shifted - magic;
  vf r = fma_(n, splat(-0.693145752f), x);
  r = fma_(n, splat(-1.42860677e-6f), r);
  vf p = splat(1.0f / 5040);
  p = fma_(p, r, splat(1.0f / 720));
  p = fma_(p, r, splat(1.0f / 120));
  p = fma_(p, r, splat(1.0f / 24));
  p = fma_(p, r, splat(1.0f / 6));
  p = fma_(p, r, splat(0.5f));
  p = fma_(p, r * r, r) + 1.0f;
  const vi whole = float_to_bits(shifted) - float_to_bits(magic);
  const vi half = whole >> 1;
  const vf low = bits_to_float((half + 127) << 23), high = bits_to_float((whole - half + 127) << 23);
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
