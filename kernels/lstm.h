/* What the LSTM's files share: where things lie in the packed weights. */
#ifndef UNROLLED_LSTM_H
#define UNROLLED_LSTM_H

#include "pack.h"
#include "product.h"

/*
 * Packed weights come in groups of four panels: the gates i, f, g, o of the same NR hidden units, so that a step can
 * apply the non-linearities to these units while their sums are still in the nearest cache.
 *
 *   [ weight_hh: groups of 4 panels, hidden long ]
 *   float input: [ weight_ih: groups of 4 panels, inputs long ][ bias: 4H ]
 *   ids:         [ table: inputs rows of 4H, bias added ]
 */
INLINE int gate_groups(int hidden) { return panels_of(hidden); }
INLINE int gate_panels_size(int hidden, int k) { return gate_groups(hidden) * 4 * NR * k; }
INLINE int group_width(int hidden, int group) {
  const int left = hidden - group * NR;
  return left < NR ? left : NR;
}

#endif
