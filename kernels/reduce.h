/* The sum of squares in double, shared by the reduction and by norm clipping. */
#ifndef UNROLLED_REDUCE_H
#define UNROLLED_REDUCE_H

#include "simd.h"

INLINE double square_sum(const float *x, int n) {
  vd s0 = 0, s1 = 0;
  int i = 0;
  for (; i + 2 * VW <= n; i += 2 * VW) {
    const vd a = to_double(load(x + i)), b = to_double(load(x + i + VW));
    s0 += a * a;
    s1 += b * b;
  }
  for (; i < n; i += VW) {
    const vd a = to_double(load_n(x + i, n - i));
    s0 += a * a;
  }
  return sum_lanes(s0 + s1);
}

#endif
