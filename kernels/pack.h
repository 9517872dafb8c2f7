/* Bringing matrices into the order that the micro-kernel reads (tile.h). */
#ifndef UNROLLED_PACK_H
#define UNROLLED_PACK_H

#include "tile.h"

INLINE int panels_of(int n) { return (n + NR - 1) / NR; }
/* Words of a packed b of n columns, k long. Sizes of scratch and of what is packed have 64 bits: they are asked for before
 * anybody knows whether the heap holds them. */
INLINE int64_t panels_size(int n, int k) { return (int64_t)panels_of(n) * NR * padded_k(k); }

/* a: m rows, k long, element (r, k) at x[r * row_step + k * k_step]; one of the steps is 1. */
void pack_tiles(float *out, const float *x, int row_step, int k_step, int m, int k);

/* b: n columns, element (k, j) at x[k * k_step + j * column_step]; one of the steps is 1.
 * Panel p goes to out + p * panel_step; columns up to a multiple of NR are zeros. */
void pack_panels(float *out, int panel_step, const float *x, int k_step, int column_step, int n, int k);

/* The same for a part of panels that are filled from k = 0 on, piece after piece: x holds k in [first, first + k), or
 * is 0 for zeros. */
void pack_piece(float *out, int panel_step, const float *x, int k_step, int column_step, int n, int first, int k);

#endif
