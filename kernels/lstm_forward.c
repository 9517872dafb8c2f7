#include "lstm.h"
#include "functions.h"
#include "unrolled.h"

INLINE int least(int a, int b) { return a < b ? a : b; }

/* Scratch: h of the step before (zeros when there is none) in tiles; or, before the first step, tiles of x. */
int lstm_forward_scratch(int t, int b, int inputs, int hidden, int has_ids) {
  const int input = has_ids ? 0 : least(t * b, BLOCK_M) * inputs;
  const int state = b * hidden;
  return input > state ? input : state;
}

/* gates [n, 4H] = bias + x weight_ih'. */
static void project_input(float *gates, const float *x, const float *packed, int n, int inputs, int hidden,
                          float *tiles) {
  const int width = 4 * hidden, panel = NR * inputs;
  const float *bias = packed + gate_panels_size(hidden, inputs);
  for (int i = 0; i < n; i += BLOCK_M) {
    const int rows = least(n - i, BLOCK_M);
    pack_tiles(tiles, x + i * inputs, inputs, 1, rows, inputs);
    for (int group = 0; group < gate_groups(hidden); group++)
      tile_panels(gates + i * width + group * NR, width, bias + group * NR, 0, hidden, group_width(hidden, group),
                  tiles, packed + group * 4 * panel, panel, 4, rows, inputs);
  }
}

/* The cell for some units of one row, gates [4H] from sums to activations in place. */
INLINE void cell(float *gates, float *h, float *c, const float *c_before, int hidden, int units) {
  const vf i = vsigmoid(load_n(gates, units));
  const vf f = vsigmoid(load_n(gates + hidden, units));
  const vf g = vtanh(load_n(gates + 2 * hidden, units));
  const vf o = vsigmoid(load_n(gates + 3 * hidden, units));
  const vf before = c_before ? load_n(c_before, units) : splat(0);
  const vf now = fma_(f, before, i * g);
  store_n(gates, i, units);
  store_n(gates + hidden, f, units);
  store_n(gates + 2 * hidden, g, units);
  store_n(gates + 3 * hidden, o, units);
  store_n(c, now, units);
  store_n(h, o * vtanh(now), units);
}

void lstm_forward(float *h, float *c, float *gates, const float *x, const int32_t *ids, const float *h0,
                  const float *c0, const float *packed, int t, int b, int inputs, int hidden, float *scratch) {
  const int width = 4 * hidden, state = b * hidden, panel = NR * hidden;
  const float *input = packed + gate_panels_size(hidden, hidden);
  if (!ids) project_input(gates, x, input, t * b, inputs, hidden, scratch);

  const float *h_before = h0, *c_before = c0;
  for (int step = 0; step < t; step++) {
    if (ids) gather_rows(gates, input, ids + step * b, b, width);
    if (h_before) pack_tiles(scratch, h_before, hidden, 1, b, hidden);
    else fill(scratch, 0, state);
    for (int group = 0; group < gate_groups(hidden); group++) {
      const int first = group * NR, units = group_width(hidden, group);
      tile_panels(gates + first, width, gates + first, width, hidden, units, scratch, packed + group * 4 * panel, panel,
                  4, b, hidden);
      for (int row = 0; row < b; row++)
        for (int u = first; u < first + units; u += VW)
          cell(gates + row * width + u, h + row * hidden + u, c + row * hidden + u,
               c_before ? c_before + row * hidden + u : 0, hidden, first + units - u);
    }
    h_before = h;
    c_before = c;
    h += state;
    c += state;
    gates += b * width;
  }
}
