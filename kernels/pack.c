#include "pack.h"

#ifndef UNROLLED_AMX

/* Rows are too short for the processor to see where they lead: ask for the next ones in time. */
INLINE void expect_rows(const float *x, int row_step, int count) {
  for (int r = 0; r < count; r++) __builtin_prefetch(x + r * row_step);
}

/* out[k * stride + r] = x[r * row_step + k] for r < rows: a transpose, by squares of four. */
INLINE void interleave(float *out, int stride, const float *x, int row_step, int rows, int k) {
  typedef float v4 __attribute__((ext_vector_type(4), aligned(4)));
  int r = 0;
  for (; r + 4 <= rows; r += 4) {
    const float *x0 = x + r * row_step, *x1 = x0 + row_step, *x2 = x1 + row_step, *x3 = x2 + row_step;
    float *y = out + r;
    int i = 0;
    for (; i + 4 <= k; i += 4, y += 4 * stride) {
      if (i % 16 == 0) expect_rows(x0 + 4 * row_step + i, row_step, 4);
      const v4 a = *(const v4 *)(x0 + i), b = *(const v4 *)(x1 + i);
      const v4 c = *(const v4 *)(x2 + i), d = *(const v4 *)(x3 + i);
      const v4 ab_lo = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_hi = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      const v4 cd_lo = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_hi = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      *(v4 *)y = __builtin_shufflevector(ab_lo, cd_lo, 0, 1, 4, 5);
      *(v4 *)(y + stride) = __builtin_shufflevector(ab_lo, cd_lo, 2, 3, 6, 7);
      *(v4 *)(y + 2 * stride) = __builtin_shufflevector(ab_hi, cd_hi, 0, 1, 4, 5);
      *(v4 *)(y + 3 * stride) = __builtin_shufflevector(ab_hi, cd_hi, 2, 3, 6, 7);
    }
    for (; i < k; i++, y += stride) {
      y[0] = x0[i];
      y[1] = x1[i];
      y[2] = x2[i];
      y[3] = x3[i];
    }
  }
  for (; r < rows; r++) {
    const float *xr = x + r * row_step;
    for (int i = 0; i < k; i++) out[i * stride + r] = xr[i];
  }
}

/* out[k * stride + j] = x[k * k_step + j] for j < count. Whole vectors are read before any is written, for the
 * compiler cannot know that out and x lie apart. */
INLINE void take_rows(float *out, int stride, const float *x, int k_step, int count, int k) {
  typedef float v4 __attribute__((ext_vector_type(4), aligned(4)));
  typedef float v2 __attribute__((ext_vector_type(2), aligned(4)));
  for (int i = 0; i < k; i++, out += stride, x += k_step) {
    int j = 0;
    for (; j + 4 <= count; j += 4) *(v4 *)(out + j) = *(const v4 *)(x + j);
    if (j + 2 <= count) *(v2 *)(out + j) = *(const v2 *)(x + j), j += 2;
    if (j < count) out[j] = x[j];
  }
}

/* Rows of x that are read together: they may lie at a power of two, which leaves room in the cache for few of them. */
#define TOGETHER 8

void pack_tiles(float *out, const float *x, int row_step, int k_step, int m, int k) {
  if (k_step == 1)
    for (int r = 0, rows; r < m; r += rows) {
      rows = tile_rows(m - r);
      interleave(out + r * k, rows, x + r * row_step, row_step, rows, k);
    }
  else
    for (int l = 0; l < k; l += TOGETHER)
      for (int r = 0, rows; r < m; r += rows) {
        rows = tile_rows(m - r);
        const int depth = least(k - l, TOGETHER);
        float *y = out + r * k + l * rows;
        const float *from = x + r + l * k_step;
        if (rows == MR) take_rows(y, MR, from, k_step, MR, depth);
        else take_rows(y, rows, from, k_step, rows, depth);
      }
}

void pack_panels(float *out, int panel_step, const float *x, int k_step, int column_step, int n, int k) {
  for (int j = 0; j < n; j += NR, out += panel_step) {
    const int width = n - j < NR ? n - j : NR;
    if (width < NR)
      for (int i = 0; i < k * NR; i++) out[i] = 0;
    if (k_step == 1) interleave(out, NR, x + j * column_step, column_step, width, k);
    else if (width == NR) take_rows(out, NR, x + j, k_step, NR, k);
    else take_rows(out, NR, x + j, k_step, width, k);
  }
}

void pack_piece(float *out, int panel_step, const float *x, int k_step, int column_step, int n, int first, int k) {
  out += first * NR;
  if (x) {
    pack_panels(out, panel_step, x, k_step, column_step, n, k);
    return;
  }
  for (int p = 0; p < panels_of(n); p++, out += panel_step)
    for (int i = 0; i < k * NR; i++) out[i] = 0;
}

#endif
