/* The time loop of every cell, forward. */
#include "recurrent.h"

/*
 * Scratch, one after the other:
 *   zeros [b, max(S, H)]: the states before the first step, when they are not given
 *   tiles: of the states before a step, of a step's outputs, or, before the first step, of x
 *   spare [b, H]: r h' (GRU_BEFORE), or the outputs before the projection
 */
INLINE int zeros_size(int b, int hidden, int projection) { return b * most(state_size(hidden, projection), hidden); }
INLINE int most_tiles(int n, int b, int inputs, int hidden, int projection, int has_ids) {
  const int states = tiles_size(b, most(state_size(hidden, projection), hidden));
  return most(has_ids ? 0 : product_scratch(n, inputs), states);
}

int recurrent_forward_scratch(int cell, int t, int b, int inputs, int hidden, int projection, int has_ids) {
  const int spare = cell == GRU_BEFORE || projection ? b * hidden : 0;
  return zeros_size(b, hidden, projection) + most_tiles(t * b, b, inputs, hidden, projection, has_ids) + spare;
}

/* sums [n, D H] = bias + x weight_ih', for all steps at once. */
static void project_input(float *sums, const Cell *shape, const float *x, const float *panels, const float *bias, int n,
                          int inputs, int hidden, float *tiles) {
  const int stride = shape->gradients * hidden;
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
  int n = t * b;
  if (rows) {
    n = 0;
    for (int step = 0; step < t; step++) n += rows[step];
  }
  float *zeros = scratch, *tiles = zeros + zeros_words;
  float *spare = tiles + most_tiles(t * b, b, inputs, hidden, projection, ids != 0);
  if (!h0 || !c0) fill(zeros, 0, zeros_words);
  if (!ids) project_input(saved ? gates : h, shape, x, packed + at.input, packed + at.bias, n, inputs, hidden, tiles);

  Forward s = {.hidden = hidden, .state = state, .tiles = tiles, .weights = packed + at.recurrent, .spare = spare};
  s.h_before = h0 ? h0 : zeros;
  s.c_before = c0 ? c0 : zeros;
  for (int step = 0; step < t; step++) {
    s.rows = rows ? rows[step] : b;
    s.back = step & 1;
    s.out = projection ? spare : h;
    s.c = c;
    s.gates = gates;
    if (ids) s.input = (Start){packed + at.input, width, 0, ids};
    else s.input = (Start){saved ? gates : h, width, 0, 0};
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
  }
  release_tiles();
}
