/*
 * Standard normal numbers (Box and Muller, 1958) from Threefry: block b gives the elements 2b and 2b + 1,
 *
 *   r = sqrt(-2 ln u),  u = (w0 + 1/2) / 2^32,  angle = 2 pi w1 / 2^32,  r cos(angle) and r sin(angle)
 *
 * with w0 and w1 the block's words. Only additions, products, square roots and conversions, none of them fused: the bits
 * are the same in every build. Relative error below 1e-6.
 */
#include "threefry.h"
#include "unrolled.h"

/* a * b + c, rounded twice in every build, unlike fma_. */
INLINE vf times_plus(vf a, vf b, vf c) { return a * b + c; }

/* sqrt(-2 ln((w + 1/2) / 2^32)). Near u = 1 the logarithm is that of 1 - x for a small x, which is known to its last bit
 * where u is not. Otherwise as vlog (log.h). */
INLINE vf radius(vu w) {
  const vi above = (vi)w >> 31; /* -1 where u >= 1/2 */
  const vf x = (__builtin_convertvector((vi)w ^ above, vf) + 0.5f) * 0x1p-32f;
  const vf u = above ? 1.0f - x : x;
  const int32_t root_half = 0x3f3504f3; /* the bits of sqrt(1/2) */
  const vi shifted = float_to_bits(u) - root_half, whole = shifted >> 23;
  const vf m = bits_to_float((shifted & 0x007fffff) + root_half);
  const vf f = (above & (whole == 0)) ? -x : m - 1.0f;
  const vf k = __builtin_convertvector(whole, vf), z = f * f;
  static const float P[] = {-1.1514610310E-1f, 1.1676998740E-1f,  -1.2420140846E-1f, 1.4249322787E-1f,
                            -1.6668057665E-1f, 2.0000714765E-1f, -2.4999993993E-1f, 3.3333331174E-1f};
  vf p = splat(7.0376836292E-2f);
  UNROLL for (int i = 0; i < 8; i++) p = times_plus(p, f, splat(P[i]));
  vf y = times_plus(k, splat(-2.12194440e-4f), f * z * p) - 0.5f * z;
  y = times_plus(k, splat(0.693359375f), f + y);
  return vsqrt(-2.0f * y);
}

/* cos and sin of 2 pi w / 2^32: the nearest quarter of a turn, and what is left of the angle, at most pi / 4, by the
 * polynomials of Cephes' sinf and cosf (Moshier). */
INLINE void turn(vf *cosine, vf *sine, vu w) {
  const vu quarter = (w + 0x20000000u) >> 30;
  const vf x = __builtin_convertvector((vi)(w - (quarter << 30)), vf) * 0x1.921fb6p-30f; /* pi / 2^31 */
  const vf z = x * x;
  vf s = times_plus(splat(-1.9515295891E-4f), z, splat(8.3321608736E-3f));
  s = times_plus(s, z, splat(-1.6666654611E-1f));
  s = times_plus(s * z, x, x);
  vf c = times_plus(splat(2.443315711809948E-5f), z, splat(-1.388731625493765E-3f));
  c = times_plus(c, z, splat(4.166664568298827E-2f));
  c = times_plus(c * z, z, 1.0f - 0.5f * z);
  const vi odd = (vi)(quarter << 31) >> 31;
  const vu negative_sine = (quarter >> 1) << 31, negative_cosine = negative_sine ^ (quarter << 31);
  *cosine = (vf)((vu)(odd ? s : c) ^ negative_cosine);
  *sine = (vf)((vu)(odd ? c : s) ^ negative_sine);
}

/* a0 b0 a1 b1 ... */
INLINE void interleave(vf *low, vf *high, vf a, vf b) {
#if VW == 4
  *low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  *high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
#elif VW == 8
  *low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  *high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#else
  *low = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  *high = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#endif
}

/* The elements of VW blocks. */
INLINE void normal_blocks(vf *low, vf *high, uint64_t block, uint32_t seed0, uint32_t seed1) {
  vu w0, w1;
  threefry(&w0, &w1, block, seed0, seed1);
  vf cosine, sine;
  turn(&cosine, &sine, w1);
  const vf r = radius(w0);
  interleave(low, high, r * cosine, r * sine);
}

void random_normal(float *y, uint32_t seed0, uint32_t seed1, double start, int n) {
  const uint64_t index = (uint64_t)start;
  uint64_t block = index >> 1;
  int i = -(int)(index & 1);
  for (; i < n; i += 2 * VW, block += VW) {
    vf value[2];
    normal_blocks(&value[0], &value[1], block, seed0, seed1);
    if (i >= 0 && i + 2 * VW <= n) {
      store(y + i, value[0]);
      store(y + i + VW, value[1]);
    } else {
      const float *lane = (const float *)value;
      for (int j = most(0, -i); j < least(2 * VW, n - i); j++) y[i + j] = lane[j];
    }
  }
}
