/* Loops over elements. VALUE is an expression of the vectors a = x[i..] and b = z[i..]; tails run through the same
 * expression, so an element's bits do not depend on where it lies. */
#ifndef UNROLLED_MAP_H
#define UNROLLED_MAP_H

#include "simd.h"

#define MAP1(y, x, n, VALUE)            \
  do {                                  \
    int i = 0;                          \
    for (; i + VW <= (n); i += VW) {    \
      const vf a = load((x) + i);       \
      store((y) + i, (VALUE));          \
    }                                   \
    if (i < (n)) {                      \
      const vf a = load_part((x) + i, (n) - i); \
      store_part((y) + i, (VALUE), (n) - i);    \
    }                                   \
  } while (0)

#define MAP2(y, x, z, n, VALUE)         \
  do {                                  \
    int i = 0;                          \
    for (; i + VW <= (n); i += VW) {    \
      const vf a = load((x) + i), b = load((z) + i); \
      store((y) + i, (VALUE));          \
    }                                   \
    if (i < (n)) {                      \
      const vf a = load_part((x) + i, (n) - i), b = load_part((z) + i, (n) - i); \
      store_part((y) + i, (VALUE), (n) - i); \
    }                                   \
  } while (0)

/* The larger or smaller of two; a NaN on either side wins. */
INLINE vf greater_of(vf a, vf b) { return ((b > a) | (b != b)) ? b : a; }
INLINE vf lesser_of(vf a, vf b) { return ((b < a) | (b != b)) ? b : a; }

#endif
