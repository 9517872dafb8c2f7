/* The time loop of every cell, backward: the gradients of all sums, step by step. */
#include "recurrent.h"

/*
 * Scratch, one after the other:
 *   zeros [b, H]: the states before the first step, when they are not given
 *   dh [b, H]: gradient of a step's outputs
 *   dc [b, H]: LSTM
 *   spare [b, H]: GRU_BEFORE
 *   tiles: of dgates, or of the gradient of the projected outputs
 */
double recurrent_backward_scratch(int cell, int t, int b, int hidden, int projection) {
  (void)t;
  const int longest = most(recurrent_cells[cell].through_width * hidden, projection);
  return 4 * (int64_t)b * hidden + product_scratch(b, longest);
}

double recurrent_parts_size(int cell, int n, int hidden) {
  int64_t words = parts_words(n, recurrent_cells[cell].through_width * hidden);
  if (cell == GRU_BEFORE) words += parts_words(n, hidden);
  return words;
}

/* Rows [from, to) of a step, whose last step this is. */
static void begin_rows(float *d, const float *d_last, const float *d_step, int from, int to, int width) {
  const int at = from * width, words = (to - from) * width;
  if (d_last) copy(d + at, d_last + at, words);
  else fill(d + at, 0, words);
  if (d_step) accumulate(d + at, d_step + at, words);
}

static void cell_backward(int cell, const Backward *s) {
  switch (cell) {
    case RNN_TANH: rnn_backward(s, 0); break;
    case RNN_RELU: rnn_backward(s, 1); break;
    case LSTM: lstm_backward(s); break;
    case GRU_AFTER: gru_after_backward(s); break;
    case GRU_BEFORE: gru_before_backward(s); break;
  }
}

void recurrent_backward(int cell, float *dgates, float *parts, float *dprojected, float *dh0, float *dc0,
                        const float *dh, const float *dh_last, const float *dc_last, const float *h, const float *c,
                        const float *gates, const int32_t *rows, const float *h0, const float *c0, const float *packed,
                        int t, int b, int hidden, int projection, float *scratch) {
  const Cell *shape = &recurrent_cells[cell];
  const int state = state_size(hidden, projection), block = b * hidden;
  const int width = shape->gradients * hidden, saved = shape->saved * hidden, k = shape->through_width * hidden;
  const int is_gru = cell == GRU_AFTER || cell == GRU_BEFORE;
  float *zeros = scratch, *tiles = scratch + 4 * block;
  Backward s = {.hidden = hidden, .dh = zeros + block, .dc = dc0 ? dc0 : zeros + 2 * block, .tiles = tiles};
  s.spare = zeros + 3 * block;
  s.weights = packed + panels_size(state, k);
  const float *weight_hr = packed + through_size(shape, hidden, state);
  fill(zeros, 0, block);

  int n = t * b, active = 0; /* first row of the step after; rows whose later steps are done */
  if (rows) {
    n = 0;
    for (int step = 0; step < t; step++) n += rows[step];
  }
  const int64_t own = parts_words(n, k); /* GRU_BEFORE: the area of n's gradients */
  float *dstate = s.dh; /* gradient of the step's h */
  for (int step = t - 1; step >= 0; step--) {
    s.rows = rows ? rows[step] : b;
    n -= s.rows;
    const int before = step ? n - (rows ? rows[step - 1] : b) : 0;
    if (projection) dstate = dprojected + n * state;
    begin_rows(dstate, dh_last, dh ? dh + n * state : 0, active, s.rows, state);
    if (cell == LSTM) begin_rows(s.dc, dc_last, 0, active, s.rows, hidden);
    active = s.rows;
    if (projection)
      product(s.dh, hidden, from_zero(), dstate, state, 1, weight_hr, panel_size(projection), s.rows, hidden,
              projection, tiles);
    s.dgates = dgates + n * width;
    s.parts = cell == GRU_BEFORE ? step_parts(parts, own, n, hidden) : 0;
    s.gates = gates + n * saved;
    s.out = h + n * state;
    if (cell == LSTM) s.c = c + n * hidden;
    s.h_before = step ? h + before * state : h0 ? h0 : zeros;
    s.c_before = step && c ? c + before * hidden : c0 ? c0 : zeros;
    cell_backward(cell, &s);

    const float *through = s.dgates + shape->through * hidden;
    float *kept = step_parts(parts, 0, n, k);
    if (kept) split_step(kept, through, width, s.rows, k);

    /* Through the recurrence, added to what the step before has of its own. */
    if (step == 0 && !dh0) break;
    float *next = step == 0 ? dh0 : projection ? dprojected + before * state : s.dh;
    Start start = step && dh ? from_matrix(dh + before * state, state) : from_zero();
    if (is_gru) {
      if (step && dh) accumulate(s.dh, dh + before * state, s.rows * state);
      start = from_matrix(s.dh, state);
    }
    if (kept) product_of_parts(next, state, start, kept, packed, panel_size(k), s.rows, state, k);
    else product(next, state, start, through, width, 1, packed, panel_size(k), s.rows, state, k, tiles);
  }
  release_tiles();
}
