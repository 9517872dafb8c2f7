/* A product with a matrix that is in panels already, in blocks that fit the caches. */
#ifndef UNROLLED_PRODUCT_H
#define UNROLLED_PRODUCT_H

#include "pack.h"

/*
 * A block of a (BLOCK_M x BLOCK_K) takes a part of the second cache, and a panel of b (BLOCK_K x NR) passes by its tiles,
 * from the first cache where it fits there. Panels of 32 columns do not: they come from the second one anyhow, and the
 * longer they are the less often sums are stored and loaded again. BLOCK_M is a multiple of MR.
 */
#define BLOCK_K (VW == 16 ? 1024 : 512)
#define BLOCK_M (VW == 16 ? 96 : 192)
/* A block of b (BLOCK_K x BLOCK_N) bounds the scratch for wide matrices, such as large vocabularies. */
#define BLOCK_N 2048

/* Words of scratch that a product with a of m rows, k long, needs. */
INLINE int64_t product_scratch(int m, int k) { return tiles_size(least(m, BLOCK_M), least(k, BLOCK_K)); }

/*
 * c [m, n] = start + a b, k >= 1. c: rows c_stride apart; start may be c itself.
 *  a: element (r, k) at a[r * row_step + k * k_step], one of the steps is 1.
 *  b: panels (pack_panels) of n columns, k long, panel_step words apart.
 */
void product(float *c, int c_stride, Start start, const float *a, int row_step, int k_step, const float *panels,
             int panel_step, int m, int n, int k, float *tiles);

#endif
