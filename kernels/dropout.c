/* Dropout (Srivastava et al. 2014) with a mask that is a function of the key and the element's index alone
 * (Threefry-2x32 with 20 rounds, Salmon et al., SC 2011), so that backward draws it again instead of storing it. */
#include "simd.h"
#include "unrolled.h"

INLINE vu rotate(vu x, int by) { return (x << (vu)(uint32_t)by) | (x >> (vu)(uint32_t)(32 - by)); }

/* VW blocks at once: counters (x0, 0). */
INLINE void threefry(vu *out0, vu *out1, vu x0, uint32_t key0, uint32_t key1) {
  static const int rotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  const uint32_t keys[3] = {key0, key1, 0x1bd11bdau ^ key0 ^ key1};
  vu x1 = (vu)keys[1];
  x0 += (vu)keys[0];
  UNROLL for (int round = 0; round < 20; round++) {
    x0 += x1;
    x1 = rotate(x1, rotations[round % 8]) ^ x0;
    if (round % 4 == 3) {
      const int injection = (round + 1) / 4;
      x0 += (vu)keys[injection % 3];
      x1 += (vu)(keys[(injection + 1) % 3] + (uint32_t)injection);
    }
  }
  *out0 = x0;
  *out1 = x1;
}

void dropout(float *y, const float *x, uint32_t seed0, uint32_t seed1, double p, int n) {
  if (!(p < 1)) {
    for (int i = 0; i < n; i++) y[i] = 0;
    return;
  }
  const uint32_t threshold = (uint32_t)(p * 4294967296.0);
  const vf factor = splat((float)(1 / (1 - p)));
  vu counter;
  for (int j = 0; j < VW; j++) counter[j] = (uint32_t)j;
  for (int i = 0; i < n; i += 2 * VW, counter += VW) {
    vu w0, w1;
    threefry(&w0, &w1, counter, seed0, seed1);
    const vi keep0 = w0 >= (vu)threshold, keep1 = w1 >= (vu)threshold;
    vi mask[2];
    int32_t *lane = (int32_t *)mask;
    for (int j = 0; j < VW; j++) {
      lane[2 * j] = keep0[j];
      lane[2 * j + 1] = keep1[j];
    }
    UNROLL for (int half = 0; half < 2; half++) {
      const int at = i + half * VW;
      if (at >= n) break;
      const vf v = load_n(x + at, n - at);
      store_n(y + at, mask[half] ? v * factor : splat(0), n - at);
    }
  }
}
