/* The plain cell: h = tanh(sum) or relu(sum). The sums stand in h itself. */
#include "recurrent.h"

/* NaN stays NaN. */
INLINE vf active(vf sum, int relu) { return relu ? at_least(sum, splat(0)) : vtanh(sum); }
INLINE vf slope(vf dh, vf h, int relu) {
  if (relu) return h <= splat(0) ? splat(0) : dh;
  return dh * (tanh_constants.top - h * h);
}

static void activate(float *h, int stride, int rows, int width, int relu) {
  for (int r = 0; r < rows; r++, h += stride) {
    int u = 0;
    for (; u + VW <= width; u += VW) store(h + u, active(load(h + u), relu));
    if (u < width) store_part(h + u, active(load_part(h + u, width - u), relu), width - u);
  }
}

void rnn_forward(const Forward *s, int relu) {
  const int count = (s->hidden + CHUNK - 1) / CHUNK;
  for (int turn = 0; turn < count; turn++) {
    const int first = piece(turn, count, s->back) * CHUNK, width = least(s->hidden - first, CHUNK);
    chunk_sums(s->out, s->hidden, s, 0, s->weights, first, width);
    if (relu) activate(s->out + first, s->hidden, s->rows, width, 1);
    else activate(s->out + first, s->hidden, s->rows, width, 0);
  }
}

void rnn_backward(const Backward *s, int relu) {
  const int n = s->rows * s->hidden;
  int i = 0;
  for (; i + VW <= n; i += VW) store(s->dgates + i, slope(load(s->dh + i), load(s->out + i), relu));
  if (i < n) store_part(s->dgates + i, slope(load_part(s->dh + i, n - i), load_part(s->out + i, n - i), relu), n - i);
}
