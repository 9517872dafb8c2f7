/* The time loop of every cell, forward. */
#include "recurrent.h"

/*
 * What the input gives is computed for a stretch of steps at once, of about so many rows: enough for weight_ih to be read
 * seldom, few enough that the sums are still in the second cache when their steps need them (at H=512 half of 1 MB).
 */
#define STRETCH 64

/*
 * Scratch, one after the other:
 *   zeros [b, max(S, H)]: the states before the first step, when they are not given
 *   tiles: of the states before a step, of a step's outputs, or, before a stretch, of x
 *   spare [b, H]: r h' (GRU_BEFORE), or the outputs before the projection
 *   group: the sums of a group of units; GRU_BEFORE: the gates of a step, used when they are not wanted
 *   stretch: what the input gives to a stretch of steps, unless that stands in h (RNN) or in a table (ids)
 */
INLINE int stretch_rows(int t, int b) {
  const int rows = most(STRETCH, b);
  return (int64_t)t * b < rows ? t * b : rows;
}
INLINE int64_t zeros_size(int b, int hidden, int projection) {
  return (int64_t)b * most(state_size(hidden, projection), hidden);
}
INLINE int64_t most_tiles(int n, int b, int inputs, int hidden, int projection, int has_ids) {
  const int64_t states = tiles_size(b, most(state_size(hidden, projection), hidden));
  return most_words(has_ids ? 0 : product_scratch(n, inputs), states);
}
INLINE int64_t spare_size(int cell, int b, int hidden, int projection) {
  return cell == GRU_BEFORE || projection ? (int64_t)b * hidden : 0;
}
INLINE int64_t group_size(int cell, int b, int hidden) {
  if (cell == GRU_BEFORE) return (int64_t)b * 3 * hidden;
  return recurrent_cells[cell].saved ? (int64_t)b * grouped_gates(cell) * NR : 0;
}
/* From row to row of a stretch: an odd number of lines, since rows at a power of two would share few sets of the caches. */
INLINE int stretch_stride(int width) { return ((width + 15) / 16 | 1) * 16; }

double recurrent_forward_scratch(int cell, int t, int b, int inputs, int hidden, int projection, int has_ids) {
  const Cell *shape = &recurrent_cells[cell];
  const int rows = stretch_rows(t, b);
  return zeros_size(b, hidden, projection) + most_tiles(rows, b, inputs, hidden, projection, has_ids) +
         spare_size(cell, b, hidden, projection) + group_size(cell, b, hidden) +
         (shape->saved && !has_ids ? (int64_t)rows * stretch_stride(shape->gradients * hidden) : 0);
}

/* sums [n, D H] = bias + x weight_ih', for all steps of a stretch; rows `stride` apart. */
static void project_input(float *sums, int stride, const Cell *shape, const float *x, const float *panels,
                          const float *bias, int n, int inputs, int hidden, float *tiles) {
  for (int i = 0; i < shape->bands; i++) {
    const Band *band = &shape->band[i];
    const int column = band->column * hidden, columns = band->width * hidden;
    if (band->ih == NONE) {
      copy_rows(sums + column, stride, bias + column, 0, n, columns);
      continue;
    }
    const Start start = {bias + column, 0, NR, 0};
    product(sums + column, stride, start, x, inputs, 1, panels, panel_size(inputs), n, columns, inputs, tiles);
    panels += panels_size(columns, inputs);
  }
}

static void cell_forward(int cell, const Forward *s) {
  switch (cell) {
    case RNN_TANH: rnn_forward(s, 0); break;
    case RNN_RELU: rnn_forward(s, 1); break;
    case LSTM: lstm_forward(s); break;
    case GRU_AFTER: gru_after_forward(s); break;
    case GRU_BEFORE: gru_before_forward(s); break;
  }
}

void recurrent_forward(int cell, float *h, float *c, float *gates, const float *x, const int32_t *ids,
                       const int32_t *rows, const float *h0, const float *c0, const float *packed, int t, int b,
                       int inputs, int hidden, int projection, float *scratch) {
  const Cell *shape = &recurrent_cells[cell];
  const Packed at = recurrent_packed(cell, inputs, hidden, projection, ids != 0);
  const int state = state_size(hidden, projection), saved = shape->saved * hidden;
  const int width = shape->gradients * hidden, zeros_words = zeros_size(b, hidden, projection);
  const int stride = saved ? stretch_stride(width) : width;
  float *zeros = scratch, *tiles = zeros + zeros_words;
  float *spare = tiles + most_tiles(stretch_rows(t, b), b, inputs, hidden, projection, ids != 0);
  float *group = spare + spare_size(cell, b, hidden, projection), *stretch = group + group_size(cell, b, hidden);
  const float *from_input = 0; /* row by row, `stride` apart */
  if (!h0 || !c0) fill(zeros, 0, zeros_words);

  Forward s = {.hidden = hidden, .state = state, .tiles = tiles, .weights = packed + at.recurrent, .spare = spare};
  s.sums = group;
  s.row_stride = grouped_gates(cell) * NR;
  s.gate_stride = NR;
  s.h_before = h0 ? h0 : zeros;
  s.c_before = c0 ? c0 : zeros;
  for (int step = 0, end = 0; step < t; step++) {
    s.rows = rows ? rows[step] : b;
    if (step == end) {
      int n = 0;
      do n += rows ? rows[end] : b;
      while (++end < t && n + (rows ? rows[end] : b) <= STRETCH);
      if (!ids) {
        float *to = saved ? stretch : h;
        project_input(to, stride, shape, x, packed + at.input, packed + at.bias, n, inputs, hidden, tiles);
        x += n * inputs;
        from_input = to;
      }
    }
    s.back = step & 1;
    s.out = projection ? spare : h;
    s.c = c;
    s.gates = gates || cell != GRU_BEFORE ? gates : group;
    if (ids) s.input = (Start){packed + at.input, width, 0, ids};
    else s.input = (Start){from_input, stride, 0, 0};
    pack_tiles(tiles, s.h_before, state, 1, s.rows, state);
    cell_forward(cell, &s);
    if (projection)
      product(h, state, from_zero(), spare, hidden, 1, packed + at.projection, panel_size(hidden), s.rows, state,
              hidden, tiles);
    s.h_before = h;
    s.c_before = c;
    h += s.rows * state;
    if (c) c += s.rows * hidden;
    if (gates) gates += s.rows * saved;
    if (ids) ids += s.rows;
    else from_input += s.rows * stride;
  }
  release_tiles();
}
