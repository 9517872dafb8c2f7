/* The gated recurrent unit with the reset gate after the product, PyTorch's and cuDNN's:
 * n = tanh(x part + r q), q = W_hn h' + b_hn, h = (1 - z) n + z h'. A row of gates is n r z q. */
#include "recurrent.h"

/* n <= VW units, from the sums of r, z and q and from x, what the input gives to n. */
INLINE void forward(float *gates, int hidden, float *h, const float *x, const float *h_before, const float *sums,
                    int gate_stride, int n) {
  const vf r = vsigmoid(load_n(sums, n)), z = vsigmoid(load_n(sums + gate_stride, n));
  const vf q = load_n(sums + 2 * gate_stride, n);
  const vf new = vtanh(fma_(r, q, load_n(x, n)));
  if (gates) {
    store_n(gates, new, n);
    store_n(gates + hidden, r, n);
    store_n(gates + 2 * hidden, z, n);
    store_n(gates + 3 * hidden, q, n);
  }
  store_n(h, fma_(z, load_n(h_before, n), (tanh_constants.top - z) * new), n);
}

void gru_after_units(const Forward *s, int first, int units) {
  const int hidden = s->hidden, apart = s->gate_stride;
  for (int r = 0; r < s->rows; r++) {
    float *gates = s->gates ? s->gates + r * 4 * hidden + first : 0, *h = s->out + r * hidden + first;
    const float *x = start_row(&s->input, r) + first, *before = s->h_before + r * hidden + first;
    const float *sums = s->sums + r * s->row_stride;
    int u = 0;
    for (; u + VW <= units; u += VW)
      forward(gates ? gates + u : 0, hidden, h + u, x + u, before + u, sums + u, apart, VW);
    if (u < units) forward(gates ? gates + u : 0, hidden, h + u, x + u, before + u, sums + u, apart, units - u);
  }
}

void gru_after_forward(const Forward *s) {
  const int groups = panels_of(s->hidden);
  for (int turn = 0; turn < groups; turn++) {
    const int group = piece(turn, groups, s->back), units = least(s->hidden - group * NR, NR);
    group_sums(s, s->hidden, 3, group, units);
    gru_after_units(s, group * NR, units);
  }
}

INLINE void backward(float *dgates, float *dh, const float *gates, int hidden, const float *h_before, int n) {
  float *dr = dgates + hidden, *dz = dr + hidden, *dq = dz + hidden;
  const vf one = tanh_constants.top, new = load_n(gates, n), r = load_n(gates + hidden, n);
  const vf z = load_n(gates + 2 * hidden, n), q = load_n(gates + 3 * hidden, n), dout = load_n(dh, n);
  const vf dn = dout * (one - z) * (one - new * new);
  store_n(dgates, dn, n);
  store_n(dr, dn * q * (r * (one - r)), n);
  store_n(dz, dout * (load_n(h_before, n) - new) * (z * (one - z)), n);
  store_n(dq, dn * r, n);
  store_n(dh, dout * z, n);
}

void gru_after_backward(const Backward *s) {
  const int hidden = s->hidden;
  for (int r = 0; r < s->rows; r++) {
    const int at = r * hidden;
    float *dgates = s->dgates + 4 * at, *dh = s->dh + at;
    const float *gates = s->gates + 4 * at, *before = s->h_before + at;
    int u = 0;
    for (; u + VW <= hidden; u += VW) backward(dgates + u, dh + u, gates + u, hidden, before + u, VW);
    if (u < hidden) backward(dgates + u, dh + u, gates + u, hidden, before + u, hidden - u);
  }
}
