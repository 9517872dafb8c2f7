#include "functions.h"
#include "lstm.h"
#include "unrolled.h"

INLINE int least(int a, int b) { return a < b ? a : b; }
INLINE int most(int a, int b) { return a > b ? a : b; }

/*
 * Scratch, one after the other:
 *   dgates [T, B, 4H]
 *   for the time loop: dh [B, H], dc [B, H], weight_hh in panels, dgates of a step in tiles
 *   for the weight gradients, over the same memory: blocks of dgates' in tiles and of (x, h) in panels
 *   ids: the table [I, 4H] of dweight_ih transposed
 */
INLINE int time_loop_size(int b, int hidden) {
  return 2 * b * hidden + panels_of(hidden) * NR * 4 * hidden + b * 4 * hidden;
}
INLINE int weight_size(int rows, int inputs, int hidden) {
  const int depth = least(rows, BLOCK_K);
  return depth * (least(4 * hidden, BLOCK_M) + (panels_of(inputs) + panels_of(hidden)) * NR);
}

int lstm_backward_scratch(int t, int b, int inputs, int hidden, int has_ids) {
  const int rows = t * b;
  int shared = most(time_loop_size(b, hidden), weight_size(rows, has_ids ? 0 : inputs, hidden));
  if (has_ids) shared = most(shared, inputs * 4 * hidden);
  else shared = most(shared, gemm_scratch(rows, inputs, 4 * hidden));
  return rows * 4 * hidden + shared;
}

/* Through the cell for VW units: dh, dc and the activations give the gradients of the gates' sums and, in dc, that of
 * the cell before. */
INLINE void cell_backward(float *dgates, int dgate_step, float *dc, vf dh, const float *gates, int gate_step, vf c,
                          vf before) {
  const vf one = tanh_constants.one;
  const vf i = load(gates), f = load(gates + gate_step), g = load(gates + 2 * gate_step), o = load(gates + 3 * gate_step);
  const vf squashed = vtanh(c), dcell = fma_(dh * o, one - squashed * squashed, load(dc));
  store(dgates, dcell * g * (i * (one - i)));
  store(dgates + dgate_step, dcell * before * (f * (one - f)));
  store(dgates + 2 * dgate_step, dcell * i * (one - g * g));
  store(dgates + 3 * dgate_step, dh * squashed * (o * (one - o)));
  store(dc, dcell * f);
}

/* For the last units of a row, fewer than VW: through buffers, with the same bits. */
static void cell_backward_rest(float *dgates, float *dc, const float *dh, const float *gates, const float *c,
                               const float *before, int hidden, int units) {
  float active[4 * VW], out[4 * VW], dc_part[VW];
  for (int gate = 0; gate < 4; gate++) store(active + gate * VW, load_part(gates + gate * hidden, units));
  store(dc_part, load_part(dc, units));
  cell_backward(out, VW, dc_part, load_part(dh, units), active, VW, load_part(c, units), load_part(before, units));
  for (int gate = 0; gate < 4; gate++) store_part(dgates + gate * hidden, load(out + gate * VW), units);
  store_part(dc, load(dc_part), units);
}

/* All rows of a step; without c_before the cell before was zero. */
static void cells_backward(float *dgates, float *dc, const float *dh, const float *gates, const float *c,
                           const float *c_before, int b, int hidden) {
  for (int row = 0; row < b; row++) {
    int u = 0;
    for (; u + VW <= hidden; u += VW)
      cell_backward(dgates + u, hidden, dc + u, load(dh + u), gates + u, hidden, load(c + u),
                    load(c_before ? c_before + u : zero_panel));
    if (u < hidden)
      cell_backward_rest(dgates + u, dc + u, dh + u, gates + u, c + u, c_before ? c_before + u : zero_panel, hidden,
                         hidden - u);
    dgates += 4 * hidden;
    gates += 4 * hidden;
    dc += hidden;
    dh += hidden;
    c += hidden;
    if (c_before) c_before += hidden;
  }
}

/* dh [b, H] = start + dgates [b, 4H] weight_hh, weight_hh in panels 4H long. */
static void through_recurrence(float *dh, Start start, const float *dgates, const float *panels, int b, int hidden,
                               float *tiles) {
  const int k = 4 * hidden;
  for (int l = 0; l < k; l += BLOCK_K) {
    const int length = least(k - l, BLOCK_K);
    pack_tiles(tiles, dgates + l, k, 1, b, length);
    tile_matrix(dh, hidden, start, tiles, panels + l * NR, k * NR, b, hidden, length);
    start = from_matrix(dh, hidden);
  }
}

/* Rows [l, l + length) of the matrix that stands before h: h0 (or zeros) for the first b rows, then h. */
static void pack_h_before(float *out, const float *h, const float *h0, int l, int length, int b, int hidden) {
  const int first = most(0, least(length, b - l)); /* rows that come from h0 */
  if (first && h0) pack_panels(out, length * NR, h0 + l * hidden, hidden, 1, hidden, first);
  if (first && !h0)
    for (int p = 0; p < panels_of(hidden); p++) fill(out + p * length * NR, 0, first * NR);
  if (first < length)
    pack_panels(out + first * NR, length * NR, h + (l + first - b) * hidden, hidden, 1, hidden, length - first);
}

/* dweight_ih = dgates' x (with x), dweight_hh = dgates' h_before: dgates' is packed once for both. */
static void weight_gradients(float *dweight_ih, float *dweight_hh, const float *dgates, const float *x, const float *h,
                             const float *h0, int rows, int b, int inputs, int hidden, float *scratch) {
  const int m = 4 * hidden, depth = least(rows, BLOCK_K);
  float *tiles = scratch, *panels_h = tiles + depth * least(m, BLOCK_M);
  float *panels_x = panels_h + depth * panels_of(hidden) * NR;
  for (int l = 0; l < rows; l += BLOCK_K) {
    const int length = least(rows - l, BLOCK_K);
    pack_h_before(panels_h, h, h0, l, length, b, hidden);
    if (x) pack_panels(panels_x, length * NR, x + l * inputs, inputs, 1, inputs, length);
    for (int i = 0; i < m; i += BLOCK_M) {
      const int units = least(m - i, BLOCK_M);
      float *hh = dweight_hh + i * hidden, *ih = dweight_ih + i * inputs;
      pack_tiles(tiles, dgates + l * m + i, 1, m, units, length);
      tile_matrix(hh, hidden, l ? from_matrix(hh, hidden) : from_zero(), tiles, panels_h, length * NR, units, hidden,
                  length);
      if (x)
        tile_matrix(ih, inputs, l ? from_matrix(ih, inputs) : from_zero(), tiles, panels_x, length * NR, units, inputs,
                    length);
    }
  }
}

void lstm_backward(float *dx, float *dweight_ih, float *dweight_hh, float *dbias, float *dh0, float *dc0,
                   const float *dh, const float *dh_last, const float *dc_last, const float *h, const float *c,
                   const float *gates, const float *x, const int32_t *ids, const float *h0, const float *c0,
                   const float *weight_ih, const float *weight_hh, int t, int b, int inputs, int hidden,
                   float *scratch) {
  const int width = 4 * hidden, state = b * hidden, rows = t * b;
  float *dgates = scratch, *shared = scratch + rows * width;
  float *dh_step = shared, *dc = dh_step + state, *panels = dc + state;
  float *tiles = panels + panels_of(hidden) * NR * width;

  pack_panels(panels, NR * width, weight_hh, hidden, 1, hidden, width);
  if (dh_last) copy(dh_step, dh_last, state);
  else fill(dh_step, 0, state);
  if (dc_last) copy(dc, dc_last, state);
  else fill(dc, 0, state);
  if (dh && t > 0) accumulate(dh_step, dh + (t - 1) * state, state);

  for (int step = t - 1; step >= 0; step--) {
    const float *step_gates = gates + step * b * width, *step_c = c + step * state;
    const float *c_before = step ? step_c - state : c0;
    float *step_dgates = dgates + step * b * width;
    cells_backward(step_dgates, dc, dh_step, step_gates, step_c, c_before, b, hidden);
    if (step == 0 && !dh0) break;
    /* The recurrent part is added to the step's own gradient. */
    const Start start = step > 0 && dh ? from_matrix(dh + (step - 1) * state, hidden) : from_zero();
    through_recurrence(dh_step, start, step_dgates, panels, b, hidden, tiles);
  }
  if (dh0) copy(dh0, dh_step, state);
  if (dc0) copy(dc0, dc, state);

  /* From here on the time loop's memory is free. */
  if (ids) {
    fill(shared, 0, inputs * width);
    scatter_add_rows(shared, dgates, ids, rows, width);
    swap_axes(dweight_ih, shared, inputs, width, 1);
  } else if (dx) {
    gemm(dx, dgates, weight_ih, 0, rows, inputs, width, 0, 0, 0, shared);
  }
  sum_rows(dbias, dgates, rows, width);
  weight_gradients(dweight_ih, dweight_hh, dgates, ids ? 0 : x, h, h0, rows, b, inputs, hidden, shared);
}
