/* Dropout (Srivastava et al. 2014) with a mask that is a function of the key and the element's index alone, so that
 * backward draws it again instead of storing it, and a part of a mask is the same as in the whole. */
#include "threefry.h"
#include "unrolled.h"

void dropout(float *y, const float *x, uint32_t seed0, uint32_t seed1, double start, double p, int n) {
  if (!(p < 1)) {
    for (int i = 0; i < n; i++) y[i] = 0;
    return;
  }
  const uint32_t threshold = (uint32_t)(p * 4294967296.0);
  const vf factor = splat((float)(1 / (1 - p)));
  const uint64_t index = (uint64_t)start;
  uint64_t block = index >> 1;
  int i = 0;
  if (n > 0 && (index & 1)) {
    /* The second word of a block alone: whole blocks follow. */
    vu w0, w1;
    threefry(&w0, &w1, block++, seed0, seed1);
    store_part(y, w1[0] >= threshold ? load_part(x, 1) * factor : splat(0), 1);
    i = 1;
  }
  for (; i < n; i += 2 * VW, block += VW) {
    vu w0, w1;
    threefry(&w0, &w1, block, seed0, seed1);
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
