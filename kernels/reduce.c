/* Reductions. Sums to one number are added in double. */
#include "simd.h"
#include "unrolled.h"

void sum(float *y, const float *x, int n) {
  vd s0 = 0, s1 = 0;
  int i = 0;
  for (; i + 2 * VW <= n; i += 2 * VW) {
    s0 += to_double(load(x + i));
    s1 += to_double(load(x + i + VW));
  }
  for (; i < n; i += VW) s0 += to_double(load_n(x + i, n - i));
  y[0] = (float)sum_lanes(s0 + s1);
}

/* Ascending rows, one accumulator for each column; four vectors of columns at a time stay in registers. */
void sum_rows(float *y, const float *x, int rows, int cols) {
  int c = 0;
  for (; c + 4 * VW <= cols; c += 4 * VW) {
    vf s[4] = {0, 0, 0, 0};
    const float *p = x + c;
    for (int r = 0; r < rows; r++, p += cols)
      UNROLL for (int j = 0; j < 4; j++) s[j] += load(p + j * VW);
    UNROLL for (int j = 0; j < 4; j++) store(y + c + j * VW, s[j]);
  }
  for (; c < cols; c += VW) {
    const int width = cols - c;
    vf s = 0;
    for (int r = 0; r < rows; r++) s += load_n(x + r * cols + c, width);
    store_n(y + c, s, width);
  }
}
