/*
 * The micro-kernel of every matrix product (after Goto and van de Geijn, "Anatomy of high-performance matrix
 * multiplication", 2008): a tile of `rows` x NR outputs stays in registers while k runs.
 *
 * Operands are packed (pack.h): b in panels of NR columns, a in tiles of rows, in the order that the micro-kernel of
 * the build reads: tile.c, or tile_amx.c where UNROLLED_AMX is defined. Every output element has one accumulator and
 * takes its products in ascending k, so its bits depend on neither tile nor batch.
 */
#ifndef UNROLLED_TILE_H
#define UNROLLED_TILE_H

#include "simd.h"

/* Columns of a panel: two vectors, or two tiles of AMX. */
#define NR (2 * VW)

#ifdef UNROLLED_AMX
#include "layout_amx.h"
#else

/* Rows as many as the registers hold accumulators for: 6 x 2 + 2 + 1 of 16, 12 x 2 + 2 + 1 of 32. */
#define MR (VW == 16 ? 12 : 6)

/* Rows of the next tile when `left` remain. The last two tiles share what is left: a tile of one or two rows has too
 * few accumulators to hide the latency of an addition. */
INLINE int tile_rows(int left) {
  return left >= 2 * MR ? MR : left <= MR ? left : (left + 1) / 2;
}

/* Words of m rows in tiles, a[k * rows + r], and of one panel, b[k * NR + j], both k long. */
INLINE int64_t tiles_size(int m, int k) { return (int64_t)m * k; }
INLINE int padded_k(int k) { return k; }
INLINE int panel_size(int k) { return NR * k; }

/* Said at the end of every kernel that multiplied: AMX keeps state until then. */
INLINE void release_tiles(void) {}

#endif

/* Where the sums begin: row r, panel p at row + (ids ? ids[r] : r) * row_step + p * panel_step. */
typedef struct {
  const float *row;
  int row_step;   /* 0: the same row for all */
  int panel_step; /* 0: the same columns for all */
  const int32_t *ids;
} Start;

INLINE const float *start_row(const Start *start, int r) {
  return start->row + (start->ids ? start->ids[r] : r) * start->row_step;
}
/* The same from row r and column j on. */
INLINE Start start_at(Start start, int r, int j) {
  if (start.ids) start.ids += r;
  else start.row += r * start.row_step;
  start.row += j;
  return start;
}

/* Nothing to begin from. */
extern const float zero_panel[NR];
INLINE Start from_zero(void) { return (Start){zero_panel, 0, 0, 0}; }

/*
 * c[r, p, j] = start[r, p, j] + sum over k of a[r, k] b[p][k, j] for r < m, p < count and j < width <= NR.
 *  c: rows c_stride apart, panels c_step. start may lie in c.
 *  a: m rows packed in tiles of tile_rows(), k long. b: panels b_step words apart.
 */
void tile_panels(float *c, int c_stride, int c_step, const Start *start, int width, const float *a, const float *b,
                 int b_step, int count, int m, int k);

/* The same for a whole matrix of n columns in panels: c[m, n] = start + a b, start's panel_step NR or 0. */
INLINE void tile_matrix(float *c, int c_stride, Start start, const float *a, const float *b, int b_step, int m, int n,
                        int k) {
  const int full = n / NR, rest = n % NR;
  if (full) tile_panels(c, c_stride, NR, &start, NR, a, b, b_step, full, m, k);
  if (!rest) return;
  start.row += full * start.panel_step;
  tile_panels(c + full * NR, c_stride, NR, &start, rest, a, b + full * b_step, b_step, 1, m, k);
}

/* Going on from what c holds. */
INLINE Start from_matrix(const float *c, int c_stride) { return (Start){c, c_stride, NR, 0}; }

#endif
