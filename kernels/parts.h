/*
 * Gate gradients as the bf16 parts that AMX multiplies (layout_amx.h), kept so that each is split once for the products
 * of its step with the weights (recurrent_backward) and of all steps with what went in (recurrent_weight_gradients). The
 * input's gradient, which only upper layers need, splits them again. Other builds multiply f32 as it is and keep nothing.
 *
 * The columns of dgates that go through one product are an area: for every step the tiles that pack_tiles makes of
 * them, k long, BLOCK_M rows at a time.
 */
#ifndef UNROLLED_PARTS_H
#define UNROLLED_PARTS_H

#include "product.h"

/* A row among the parts: its first 32 columns, lo at `lo` words from hi, and the next 32 as far from lo. */
typedef struct {
  const float *hi;
  int lo;
} PartsRow;

#ifdef UNROLLED_AMX
enum { KEEPS_PARTS = 1 };

/* Words of an area before the step whose first row is n, and of n rows. Tiles hold at most m + (m - 1) / 16 rows for a
 * step's m, so whatever the steps' sizes none reaches the next, and its first row alone says where a step lies. */
INLINE int64_t parts_words(int n, int k) { return ((int64_t)n + n / TILE_ROWS) * padded_k(k); }
#else
enum { KEEPS_PARTS = 0 };
INLINE int64_t parts_words(int n, int k) {
  (void)n, (void)k;
  return 0;
}
#endif

/* The tiles of the step whose first row is n, in the area that begins at `area`; 0 where nothing is kept. */
INLINE float *step_parts(float *parts, int64_t area, int n, int k) {
  return KEEPS_PARTS && parts ? parts + area + parts_words(n, k) : 0;
}

/* What follows exists in builds that keep parts alone; elsewhere the compiler drops every call, which stands behind
 * KEEPS_PARTS. */

/* m rows of a step, k long, element (r, k) at x[r * row_step + k], as parts. */
void split_step(float *parts, const float *x, int row_step, int m, int k);

/* product() with a step's parts as a. */
void product_of_parts(float *c, int c_stride, Start start, const float *parts, const float *panels, int panel_step,
                      int m, int n, int k);

/* Rows [first, first + count) of an area k wide, over steps of rows[s] or, without, of b rows. Rows of zeros fill the
 * last 32. */
void find_rows(PartsRow *found, const float *area, int k, const int32_t *rows, int b, int first, int count);

/* pack_tiles() of the transpose: element (r, k) of a is column + r of row x[k]; the last 32 of x are whole. */
void pack_transposed(float *out, const PartsRow *x, int column, int m, int k);

#endif
