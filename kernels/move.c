/* Moving words: copies between strides, transposes, table rows. */
#include "simd.h"
#include "unrolled.h"

/* Words are moved as integers: a NaN's payload, or an id, is not a float to touch. */
typedef int32_t word;

INLINE void copy_words(float *y, const float *x, int n) { __builtin_memmove(y, x, (unsigned long)n * 4); }

INLINE void add_words(float *restrict y, const float *restrict x, int n) {
  int i = 0;
  for (; i + VW <= n; i += VW) store(y + i, load(y + i) + load(x + i));
  for (; i < n; i++) y[i] += x[i];
}

void copy_rows(float *y, int y_stride, const float *x, int x_stride, int rows, int cols) {
  for (int r = 0; r < rows; r++) copy_words(y + r * y_stride, x + r * x_stride, cols);
}

void swap_axes(float *y, const float *x, int a, int b, int inner) {
  if (inner == 1) {
    /* In squares of 16: both sides then stay within few cache lines. */
    const word *from = (const word *)x;
    word *to = (word *)y;
    for (int i0 = 0; i0 < a; i0 += 16)
      for (int j0 = 0; j0 < b; j0 += 16)
        for (int j = j0; j < j0 + 16 && j < b; j++)
          for (int i = i0; i < i0 + 16 && i < a; i++) to[j * a + i] = from[i * b + j];
    return;
  }
  for (int j = 0; j < b; j++)
    for (int i = 0; i < a; i++) copy_words(y + (j * a + i) * inner, x + (i * b + j) * inner, inner);
}

void gather_rows(float *y, const float *table, const int32_t *ids, int n, int width) {
  for (int i = 0; i < n; i++, y += width) {
    if (ids[i] < 0) fill(y, 0, width);
    else copy_words(y, table + ids[i] * width, width);
  }
}

void scatter_add_rows(float *table, const float *dy, const int32_t *ids, int n, int width) {
  for (int i = 0; i < n; i++)
    if (ids[i] >= 0) add_words(table + ids[i] * width, dy + i * width, width);
}
