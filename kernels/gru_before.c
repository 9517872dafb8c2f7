/* The gated recurrent unit with the reset gate before the product, the lecture's and Cho et al.'s (2014):
 * n = tanh(x part + W_hn (r h')), h = (1 - z) n + z h'. A row of gates is r z n. */
#include "recurrent.h"

static void apply_sigmoid(float *y, int stride, int rows, int width) {
  for (int r = 0; r < rows; r++, y += stride) sigmoid(y, y, width);
}

/* n <= VW units, from the sum of n. */
INLINE void forward(float *gates, int hidden, float *h, const float *h_before, int n) {
  float *at_n = gates + 2 * hidden;
  const vf z = load_n(gates + hidden, n), new = vtanh(load_n(at_n, n));
  store_n(at_n, new, n);
  store_n(h, fma_(z, load_n(h_before, n), (tanh_constants.top - z) * new), n);
}

void gru_before_units(const Forward *s, int first, int units) {
  const int hidden = s->hidden;
  for (int r = 0; r < s->rows; r++) {
    float *gates = s->gates + r * 3 * hidden + first, *h = s->out + r * hidden + first;
    const float *before = s->h_before + r * hidden + first;
    int u = 0;
    for (; u + VW <= units; u += VW) forward(gates + u, hidden, h + u, before + u, VW);
    if (u < units) forward(gates + u, hidden, h + u, before + u, units - u);
  }
}

void gru_before_forward(const Forward *s) {
  const int hidden = s->hidden, width = 3 * hidden, both = 2 * hidden, rows = s->rows;
  int count = (both + CHUNK - 1) / CHUNK;
  for (int turn = 0; turn < count; turn++) {
    const int first = piece(turn, count, s->back) * CHUNK, columns = least(both - first, CHUNK);
    chunk_sums(s->gates, width, s, 0, s->weights, first, columns);
    apply_sigmoid(s->gates + first, width, rows, columns);
  }
  for (int r = 0; r < rows; r++) mul(s->spare + r * hidden, s->gates + r * width, s->h_before + r * hidden, hidden);
  pack_tiles(s->tiles, s->spare, hidden, 1, rows, hidden);
  const float *weights = s->weights + panels_size(both, hidden);
  count = (hidden + CHUNK - 1) / CHUNK;
  for (int turn = 0; turn < count; turn++) {
    const int first = piece(turn, count, s->back) * CHUNK, columns = least(hidden - first, CHUNK);
    chunk_sums(s->gates + both, width, s, both, weights, first, columns);
    gru_before_units(s, first, columns);
  }
}

/* The gradients of the sums of z and n, and what of dh bypasses the sums. */
INLINE void backward_new(float *dgates, float *dh, const float *gates, int hidden, const float *h_before, int n) {
  const vf one = tanh_constants.top, dout = load_n(dh, n);
  const vf z = load_n(gates + hidden, n), new = load_n(gates + 2 * hidden, n);
  store_n(dgates + hidden, dout * (load_n(h_before, n) - new) * (z * (one - z)), n);
  store_n(dgates + 2 * hidden, dout * (one - z) * (one - new * new), n);
  store_n(dh, dout * z, n);
}

/* From the gradient of r h'. */
INLINE void backward_reset(float *dgates, float *dh, const float *d_reset, const float *gates, const float *h_before,
                           int n) {
  const vf one = tanh_constants.top, d = load_n(d_reset, n), r = load_n(gates, n);
  store_n(dgates, d * load_n(h_before, n) * (r * (one - r)), n);
  store_n(dh, fma_(d, r, load_n(dh, n)), n);
}

void gru_before_backward(const Backward *s) {
  const int hidden = s->hidden, width = 3 * hidden;
  for (int r = 0; r < s->rows; r++) {
    float *dgates = s->dgates + r * width, *dh = s->dh + r * hidden;
    const float *gates = s->gates + r * width, *before = s->h_before + r * hidden;
    int u = 0;
    for (; u + VW <= hidden; u += VW) backward_new(dgates + u, dh + u, gates + u, hidden, before + u, VW);
    if (u < hidden) backward_new(dgates + u, dh + u, gates + u, hidden, before + u, hidden - u);
  }
  const float *d_new = s->dgates + 2 * hidden;
  if (KEEPS_PARTS && s->parts) {
    split_step(s->parts, d_new, width, s->rows, hidden);
    product_of_parts(s->spare, hidden, from_zero(), s->parts, s->weights, panel_size(hidden), s->rows, hidden, hidden);
  } else {
    product(s->spare, hidden, from_zero(), d_new, width, 1, s->weights, panel_size(hidden), s->rows, hidden, hidden,
            s->tiles);
  }
  for (int r = 0; r < s->rows; r++) {
    float *dgates = s->dgates + r * width, *dh = s->dh + r * hidden;
    const float *gates = s->gates + r * width, *before = s->h_before + r * hidden, *d = s->spare + r * hidden;
    int u = 0;
    for (; u + VW <= hidden; u += VW) backward_reset(dgates + u, dh + u, d + u, gates + u, before + u, VW);
    if (u < hidden) backward_reset(dgates + u, dh + u, d + u, gates + u, before + u, hidden - u);
  }
}
