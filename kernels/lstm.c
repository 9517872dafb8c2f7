/* Long short-term memory: c = f c' + i g, out = o tanh(c). */
#include "recurrent.h"

/* n <= VW units. */
INLINE void forward(float *gates, int hidden, float *out, float *c, const float *c_before, const float *sums,
                    int gate_stride, int n) {
  const vf i = vsigmoid(load_n(sums, n)), f = vsigmoid(load_n(sums + gate_stride, n));
  const vf g = vtanh(load_n(sums + 2 * gate_stride, n)), o = vsigmoid(load_n(sums + 3 * gate_stride, n));
  const vf now = fma_(f, load_n(c_before, n), i * g);
  if (gates) {
    store_n(gates, i, n);
    store_n(gates + hidden, f, n);
    store_n(gates + 2 * hidden, g, n);
    store_n(gates + 3 * hidden, o, n);
  }
  store_n(c, now, n);
  store_n(out, o * vtanh(now), n);
}

void lstm_units(const Forward *s, int first, int units) {
  const int hidden = s->hidden, apart = s->gate_stride;
  for (int r = 0; r < s->rows; r++) {
    const int at = r * hidden + first;
    float *gates = s->gates ? s->gates + r * 4 * hidden + first : 0, *out = s->out + at, *c = s->c + at;
    const float *before = s->c_before + at, *sums = s->sums + r * s->row_stride;
    int u = 0;
    for (; u + VW <= units; u += VW)
      forward(gates ? gates + u : 0, hidden, out + u, c + u, before + u, sums + u, apart, VW);
    if (u < units) forward(gates ? gates + u : 0, hidden, out + u, c + u, before + u, sums + u, apart, units - u);
  }
}

void lstm_forward(const Forward *s) {
  const int groups = panels_of(s->hidden);
  for (int turn = 0; turn < groups; turn++) {
    const int group = piece(turn, groups, s->back), units = least(s->hidden - group * NR, NR);
    group_sums(s, 0, 4, group, units);
    lstm_units(s, group * NR, units);
  }
}

INLINE void backward(float *dgates, float *dc, const float *dh, const float *gates, int hidden, const float *c,
                     const float *c_before, int n) {
  const float *at_f = gates + hidden, *at_g = at_f + hidden, *at_o = at_g + hidden;
  float *df = dgates + hidden, *dg = df + hidden, *d_o = dg + hidden;
  const vf one = tanh_constants.top, dout = load_n(dh, n);
  const vf i = load_n(gates, n), f = load_n(at_f, n), g = load_n(at_g, n), o = load_n(at_o, n);
  const vf squashed = vtanh(load_n(c, n)), dcell = fma_(dout * o, one - squashed * squashed, load_n(dc, n));
  store_n(dgates, dcell * g * (i * (one - i)), n);
  store_n(df, dcell * load_n(c_before, n) * (f * (one - f)), n);
  store_n(dg, dcell * i * (one - g * g), n);
  store_n(d_o, dout * squashed * (o * (one - o)), n);
  store_n(dc, dcell * f, n);
}

void lstm_backward(const Backward *s) {
  const int hidden = s->hidden;
  for (int r = 0; r < s->rows; r++) {
    const int at = r * hidden;
    float *dgates = s->dgates + 4 * at, *dc = s->dc + at;
    const float *dh = s->dh + at, *gates = s->gates + 4 * at, *c = s->c + at, *before = s->c_before + at;
    int u = 0;
    for (; u + VW <= hidden; u += VW) backward(dgates + u, dc + u, dh + u, gates + u, hidden, c + u, before + u, VW);
    if (u < hidden) backward(dgates + u, dc + u, dh + u, gates + u, hidden, c + u, before + u, hidden - u);
  }
}
