#include "functions.h"
#include "lstm.h"
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
    for (int group = 0; group < gate_groups(hidden); group++) {
      const Start start = {bias + group * NR, 0, hidden, 0};
      tile_panels(gates + i * width + group * NR, width, hidden, &start, group_width(hidden, group), tiles,
                  packed + group * 4 * panel, panel, 4, rows, inputs);
    }
  }
}

/* The cell for VW units: gates from sums to activations in place. */
INLINE void cell(float *gates, int gate_step, float *h, float *c, vf before) {
  const vf i = vsigmoid(load(gates)), f = vsigmoid(load(gates + gate_step));
  const vf g = vtanh(load(gates + 2 * gate_step)), o = vsigmoid(load(gates + 3 * gate_step));
  const vf now = fma_(f, before, i * g);
  store(gates, i);
  store(gates + gate_step, f);
  store(gates + 2 * gate_step, g);
  store(gates + 3 * gate_step, o);
  store(c, now);
  store(h, o * vtanh(now));
}

/* For the last units of a row, fewer than VW: through buffers, with the same bits. */
static void cell_rest(float *gates, float *h, float *c, const float *before, int hidden, int units) {
  float sums[4 * VW], h_part[VW], c_part[VW];
  for (int gate = 0; gate < 4; gate++) store(sums + gate * VW, load_part(gates + gate * hidden, units));
  cell(sums, VW, h_part, c_part, load_part(before, units));
  for (int gate = 0; gate < 4; gate++) store_part(gates + gate * hidden, load(sums + gate * VW), units);
  store_part(h, load(h_part), units);
  store_part(c, load(c_part), units);
}

/* Units first.. of all rows; c_step is 0 when c_before is one row of zeros for all. */
static void cells(float *gates, float *h, float *c, const float *c_before, int c_step, int b, int hidden, int first,
                  int units) {
  for (int row = 0; row < b; row++) {
    float *g = gates + row * 4 * hidden + first, *hr = h + row * hidden + first, *cr = c + row * hidden + first;
    const float *before = c_before + (c_step ? row * c_step + first : 0);
    int u = 0;
    for (; u + VW <= units; u += VW) cell(g + u, hidden, hr + u, cr + u, load(before + u));
    if (u < units) cell_rest(g + u, hr + u, cr + u, before + u, hidden, units - u);
  }
}

void lstm_forward(float *h, float *c, float *gates, const float *x, const int32_t *ids, const float *h0,
                  const float *c0, const float *packed, int t, int b, int inputs, int hidden, float *scratch) {
  const int width = 4 * hidden, state = b * hidden, panel = NR * hidden, groups = gate_groups(hidden);
  const float *input = packed + gate_panels_size(hidden, hidden);
  if (!ids) project_input(gates, x, input, t * b, inputs, hidden, scratch);

  const float *h_before = h0, *c_before = c0 ? c0 : zero_panel;
  int c_step = c0 ? hidden : 0;
  for (int step = 0; step < t; step++) {
    if (h_before) pack_tiles(scratch, h_before, hidden, 1, b, hidden);
    else fill(scratch, 0, state);
    for (int turn = 0; turn < groups; turn++) {
      /* To and fro: weights larger than the second cache are then found there in part. */
      const int group = step & 1 ? groups - 1 - turn : turn;
      const int first = group * NR, units = group_width(hidden, group);
      Start start = {gates + first, width, hidden, 0};
      if (ids) start = (Start){input + first, width, hidden, ids + step * b};
      tile_panels(gates + first, width, hidden, &start, units, scratch, packed + group * 4 * panel, panel, 4, b, hidden);
      cells(gates, h, c, c_before, c_step, b, hidden, first, units);
    }
    h_before = h;
    c_before = c;
    c_step = hidden;
    h += state;
    c += state;
    gates += b * width;
  }
}
