/* The recurrent kernels' meaning as plain loops in double. */
#ifndef UNROLLED_TEST_REFERENCE_RECURRENT_H
#define UNROLLED_TEST_REFERENCE_RECURRENT_H

#include "reference.h"
#include "unrolled.h"

typedef struct {
  int cell, t, b, n, inputs, hidden, projection, state;
  int gates, saved, gradients; /* G, K, D */
  const int32_t *rows;         /* of every step */
  const float *x, *weight_ih, *weight_hh, *bias_ih, *bias_hh, *weight_hr, *h0, *c0, *dh, *dh_last, *dc_last;
} Problem;

typedef struct {
  double *h, *c, *gates, *dgates, *dprojected, *dx, *dweight_ih, *dweight_hh, *dbias_ih, *dbias_hh, *dweight_hr, *dh0,
      *dc0;
} Values;

static double or_zero(const float *x, int i) { return x ? x[i] : 0; }

/* A row, its sequence r and the row of the step before, or -1. */
typedef struct {
  int row, r, before;
} Place;
static double h_before(const Problem *p, const Values *v, Place at, int i) {
  return at.before < 0 ? or_zero(p->h0, at.r * p->state + i) : v->h[at.before * p->state + i];
}
static double c_before(const Problem *p, const Values *v, Place at, int i) {
  return at.before < 0 ? or_zero(p->c0, at.r * p->hidden + i) : v->c[at.before * p->hidden + i];
}
/* What weight_hh's row j is multiplied by. */
static double factor(const Problem *p, const Values *v, Place at, int j, int i) {
  const int reset = p->cell == GRU_BEFORE && j >= 2 * p->hidden;
  return h_before(p, v, at, i) * (reset ? v->gates[at.row * 3 * p->hidden + i] : 1);
}
static double input_sum(const Problem *p, Place at, int j) {
  double sum = or_zero(p->bias_ih, j);
  for (int l = 0; l < p->inputs; l++) sum += (double)p->x[at.row * p->inputs + l] * p->weight_ih[j * p->inputs + l];
  return sum;
}
static double recurrent_sum(const Problem *p, const Values *v, Place at, int j) {
  double sum = or_zero(p->bias_hh, j);
  for (int l = 0; l < p->state; l++) sum += factor(p, v, at, j, l) * p->weight_hh[j * p->state + l];
  return sum;
}
static double both_sums(const Problem *p, const Values *v, Place at, int j) {
  return input_sum(p, at, j) + recurrent_sum(p, v, at, j);
}

static void forward_row(const Problem *p, Values *v, Place at) {
  const int H = p->hidden;
  double *g = v->gates + at.row * p->saved * H, *h = v->h + at.row * p->state, *c = v->c + at.row * H;
  for (int u = 0; u < H; u++) {
    if (p->cell == RNN_TANH) h[u] = tanh(both_sums(p, v, at, u));
    if (p->cell == RNN_RELU) h[u] = fmax(both_sums(p, v, at, u), 0);
    if (p->cell == LSTM) {
      for (int k = 0; k < 4; k++) {
        const double sum = both_sums(p, v, at, k * H + u);
        g[k * H + u] = k == 2 ? tanh(sum) : ref_sigmoid(sum);
      }
      c[u] = g[H + u] * c_before(p, v, at, u) + g[u] * g[2 * H + u];
      if (!p->projection) h[u] = g[3 * H + u] * tanh(c[u]);
    }
    if (p->cell == GRU_AFTER) {
      g[H + u] = ref_sigmoid(both_sums(p, v, at, u));
      g[2 * H + u] = ref_sigmoid(both_sums(p, v, at, H + u));
      g[3 * H + u] = recurrent_sum(p, v, at, 2 * H + u);
      g[u] = tanh(input_sum(p, at, 2 * H + u) + g[H + u] * g[3 * H + u]);
      h[u] = (1 - g[2 * H + u]) * g[u] + g[2 * H + u] * h_before(p, v, at, u);
    }
    if (p->cell == GRU_BEFORE)
      for (int k = 0; k < 2; k++) g[k * H + u] = ref_sigmoid(both_sums(p, v, at, k * H + u));
  }
  for (int u = 0; u < H && p->cell == GRU_BEFORE; u++) {
    g[2 * H + u] = tanh(both_sums(p, v, at, 2 * H + u));
    h[u] = (1 - g[H + u]) * g[2 * H + u] + g[H + u] * h_before(p, v, at, u);
  }
  for (int j = 0; j < p->projection; j++) {
    h[j] = 0;
    for (int u = 0; u < H; u++) h[j] += p->weight_hr[j * H + u] * g[3 * H + u] * tanh(c[u]);
  }
}

/* d: gradients of the input's side of each row of the weights; e: of the recurrent side. */
static void backward_row(const Problem *p, Values *v, Place at, double *d, double *e) {
  const int H = p->hidden, I = p->inputs, S = p->state, G = p->gates;
  const double *g = v->gates + at.row * p->saved * H, *h = v->h + at.row * S;
  double *dh = v->dh0 + at.r * S, *dc = v->dc0 + at.r * H, *out = zeros(H), *kept = zeros(H);
  double *dg = v->dgates + at.row * p->gradients * H;
  for (int i = 0; i < S; i++) dh[i] += or_zero(p->dh, at.row * S + i);
  if (!p->projection) memcpy(out, dh, sizeof(double) * (size_t)H);
  for (int j = 0; j < p->projection; j++) {
    v->dprojected[at.row * S + j] = dh[j];
    for (int u = 0; u < H; u++) {
      out[u] += dh[j] * p->weight_hr[j * H + u];
      v->dweight_hr[j * H + u] += dh[j] * g[3 * H + u] * tanh(v->c[at.row * H + u]);
    }
  }
  for (int i = 0; i < S; i++) dh[i] = 0;
  for (int u = 0; u < H; u++) {
    if (p->cell == RNN_TANH) d[u] = out[u] * (1 - h[u] * h[u]);
    if (p->cell == RNN_RELU) d[u] = h[u] <= 0 ? 0 : out[u];
    if (p->cell == LSTM) {
      const double i = g[u], f = g[H + u], z = g[2 * H + u], o = g[3 * H + u], squashed = tanh(v->c[at.row * H + u]);
      const double dcell = dc[u] + out[u] * o * (1 - squashed * squashed);
      d[u] = dcell * z * i * (1 - i);
      d[H + u] = dcell * c_before(p, v, at, u) * f * (1 - f);
      d[2 * H + u] = dcell * i * (1 - z * z);
      d[3 * H + u] = out[u] * squashed * o * (1 - o);
      dc[u] = dcell * f;
    }
    if (p->cell >= GRU_AFTER) {
      const int after = p->cell == GRU_AFTER;
      const double r = g[(after ? H : 0) + u], z = g[(after ? 2 * H : H) + u], n = g[(after ? 0 : 2 * H) + u];
      d[2 * H + u] = out[u] * (1 - z) * (1 - n * n);
      d[H + u] = out[u] * (h_before(p, v, at, u) - n) * z * (1 - z);
      if (after) d[u] = d[2 * H + u] * g[3 * H + u] * r * (1 - r);
      dh[u] = out[u] * z;
    }
  }
  for (int u = 0; u < H && p->cell == GRU_BEFORE; u++) {
    for (int j = 0; j < H; j++) kept[u] += d[2 * H + j] * p->weight_hh[(2 * H + j) * H + u];
    d[u] = kept[u] * h_before(p, v, at, u) * g[u] * (1 - g[u]);
    dh[u] += kept[u] * g[u];
  }
  for (int j = 0; j < G * H; j++) e[j] = p->cell == GRU_AFTER && j >= 2 * H ? d[j] * g[H + j - 2 * H] : d[j];
  for (int j = 0; j < G * H; j++) {
    if (p->cell != GRU_AFTER) dg[j] = d[j];
    else dg[j < 2 * H ? H + j : j - 2 * H] = d[j];
    if (p->cell == GRU_AFTER && j >= 2 * H) dg[H + j] = e[j];
    v->dbias_ih[j] += d[j];
    v->dbias_hh[j] += e[j];
    for (int l = 0; l < I; l++) {
      v->dx[at.row * I + l] += d[j] * p->weight_ih[j * I + l];
      v->dweight_ih[j * I + l] += d[j] * p->x[at.row * I + l];
    }
    for (int l = 0; l < S; l++) {
      v->dweight_hh[j * S + l] += e[j] * factor(p, v, at, j, l);
      if (p->cell != GRU_BEFORE || j < 2 * H) dh[l] += e[j] * p->weight_hh[j * S + l];
    }
  }
  free(out); free(kept);
}

static void ref_recurrent(const Problem *p, Values *v) {
  double *d = zeros(p->gates * p->hidden), *e = zeros(p->gates * p->hidden);
  for (int i = 0; i < p->b * p->state; i++) v->dh0[i] = or_zero(p->dh_last, i);
  for (int i = 0; i < p->b * p->hidden; i++) v->dc0[i] = or_zero(p->dc_last, i);
  int first = 0;
  for (int step = 0; step < p->t; first += p->rows[step++])
    for (int r = 0; r < p->rows[step]; r++)
      forward_row(p, v, (Place){first + r, r, step ? first - p->rows[step - 1] + r : -1});
  for (int step = p->t - 1; step >= 0; step--) {
    first -= p->rows[step];
    for (int r = 0; r < p->rows[step]; r++)
      backward_row(p, v, (Place){first + r, r, step ? first - p->rows[step - 1] + r : -1}, d, e);
  }
  free(d); free(e);
}

#endif
