/* Logarithms and powers. Every one lets NaN through and is exact at the infinities. */
#ifndef UNROLLED_LOG_H
#define UNROLLED_LOG_H

#include "functions.h"

/*
 * Natural logarithm: x = 2^k * m with m in [sqrt(1/2), sqrt(2)), and log m = f - f^2/2 + f^3 P(f), f = m - 1, with the
 * P of Cephes' logf (Moshier). Error below one unit in the last place.
 */
INLINE vf vlog(vf x) {
  const int32_t root_half = 0x3f3504f3; /* the bits of sqrt(1/2) */
  const vi small = x < splat(0x1p-126f); /* subnormal; what is negative is mended at the end */
  const vi shifted = float_to_bits(small ? x * 0x1p23f : x) - root_half;
  const vf k = __builtin_convertvector(shifted >> 23, vf) - (small ? splat(23) : splat(0));
  const vf f = bits_to_float((shifted & 0x007fffff) + root_half) - 1.0f;
  const vf z = f * f;
  static const float P[] = {-1.1514610310E-1f, 1.1676998740E-1f,  -1.2420140846E-1f, 1.4249322787E-1f,
                            -1.6668057665E-1f, 2.0000714765E-1f, -2.4999993993E-1f, 3.3333331174E-1f};
  vf p = splat(7.0376836292E-2f);
  UNROLL for (int i = 0; i < 8; i++) p = fma_(p, f, splat(P[i]));
  vf y = fma_(k, splat(-2.12194440e-4f), f * z * p) - 0.5f * z;
  y = fma_(k, splat(0.693359375f), f + y);
  const float infinity = __builtin_inff();
  y = x == infinity ? x : y;
  y = x == 0.0f ? splat(-infinity) : y;
  y = x < 0.0f ? splat(__builtin_nanf("")) : y;
  return x == x ? y : x;
}

/* log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)). log(1 + u) is scaled by u / ((1 + u) - 1), which takes back the
 * rounding of 1 + u (Kahan). */
INLINE vf vsoftplus(vf x) {
  const vf u = vexp(-__builtin_elementwise_abs(x)), w = u + 1.0f;
  const vf log1p = w == 1.0f ? u : vlog(w) * (u / (w - 1.0f));
  return at_least(x, splat(0)) + log1p;
}

/* e^x where the result goes into a float: beyond +-200 that is infinite or 0. Taylor polynomial on |r| <= ln 2 / 2. */
INLINE double exp_double(double x) {
  if (x != x) return x;
  x = x > 200 ? 200 : x < -200 ? -200 : x;
  const double magic = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to an integer */
  const double n = (x * 1.4426950408889634 + magic) - magic;
  const double r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
  double p = 1;
  for (int i = 13; i >= 1; i--) p = 1 + p * r / i;
  return p * bits_double((int64_t)(n + 1023) << 52);
}

/* x^p for finite p, by way of double. */
INLINE float power_of(float x, float p) {
  if (p == 0) return 1;
  /* Small whole powers are products; in double they are exact enough to round once. */
  if (__builtin_fabsf(p) <= 16 && (float)(int)p == p) {
    const double y = power(x, p < 0 ? -(int)p : (int)p);
    return (float)(p < 0 ? 1 / y : y);
  }
  const double size = x < 0 ? -(double)x : (double)x;
  const int whole = __builtin_fabsf(p) >= 0x1p23f || (float)(int)p == p;
  const int odd = __builtin_fabsf(p) < 0x1p24f && whole && ((int)p & 1);
  if (x < 0 && !whole && size < __builtin_inf()) return __builtin_nanf("");
  const float y = x != x ? x : (float)exp_double((double)p * log_double(size));
  const int negative = odd && (float_to_bits(splat(x))[0] < 0);
  return negative ? -y : y;
}

#endif
