/* The kernels' meaning as plain loops in double, and what the tests need around them. */
#ifndef UNROLLED_TEST_REFERENCE_H
#define UNROLLED_TEST_REFERENCE_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rounding of float sums of a few hundred products of size 1. */
#define ABSOLUTE 1e-5
#define RELATIVE 1.3e-6

static int failures = 0, comparisons = 0;

/* Deterministic values in [-scale, scale). */
static uint32_t noise_state = 1;
static float noise(double scale) {
  noise_state = noise_state * 1664525u + 1013904223u;
  return (float)(((noise_state >> 8) / 8388608.0 - 1) * scale);
}
static float *noisy(int n, double scale) {
  float *x = malloc((size_t)(n + 1) * sizeof *x);
  for (int i = 0; i < n; i++) x[i] = noise(scale);
  return x;
}
/* Room for an output, filled with NaN so that what a kernel forgets shows, and a guard word after it. */
static const float GUARD = 123456.75f;
static float *room(int n) {
  float *x = malloc((size_t)(n + 1) * sizeof *x);
  for (int i = 0; i < n; i++) x[i] = NAN;
  x[n] = GUARD;
  return x;
}
static double *zeros(int n) { return calloc((size_t)n + 1, sizeof(double)); }

static void compare(const char *what, const float *got, const double *expected, int n, double absolute) {
  comparisons += n;
  for (int i = 0; i < n; i++) {
    if (isnan(got[i]) && isnan(expected[i])) continue;
    if (fabs(got[i] - expected[i]) <= absolute + RELATIVE * fabs(expected[i])) continue;
    printf("%s: element %d of %d is %.9g, expected %.9g\n", what, i, n, got[i], expected[i]);
    failures++;
    return;
  }
  if (got[n] != GUARD) {
    printf("%s: wrote beyond its %d elements\n", what, n);
    failures++;
  }
}

static double ref_sigmoid(double x) { return 1 / (1 + exp(-x)); }

typedef struct {
  int t, b, inputs, hidden;
  const float *x, *weight_ih, *weight_hh, *bias_ih, *bias_hh, *h0, *c0, *dh, *dh_last, *dc_last;
} Problem;

static double or_zero(const float *x, int i) { return x ? x[i] : 0; }

static void ref_lstm_forward(const Problem *p, double *h, double *c, double *gates) {
  const int H = p->hidden, I = p->inputs;
  for (int row = 0; row < p->t * p->b; row++) {
    const int r = row % p->b, first = row < p->b;
    for (int j = 0; j < 4 * H; j++) {
      double sum = or_zero(p->bias_ih, j) + or_zero(p->bias_hh, j);
      for (int l = 0; l < I; l++) sum += (double)p->x[row * I + l] * p->weight_ih[j * I + l];
      for (int l = 0; l < H; l++)
        sum += (first ? or_zero(p->h0, r * H + l) : h[(row - p->b) * H + l]) * p->weight_hh[j * H + l];
      gates[row * 4 * H + j] = j / H == 2 ? tanh(sum) : ref_sigmoid(sum);
    }
    for (int u = 0; u < H; u++) {
      const double *g = gates + row * 4 * H + u;
      const double before = first ? or_zero(p->c0, r * H + u) : c[(row - p->b) * H + u];
      c[row * H + u] = g[H] * before + g[0] * g[2 * H];
      h[row * H + u] = g[3 * H] * tanh(c[row * H + u]);
    }
  }
}

typedef struct {
  double *dx, *dweight_ih, *dweight_hh, *dbias, *dh0, *dc0;
} Gradients;

static void ref_lstm_backward(const Problem *p, const double *h, const double *c, const double *gates, Gradients *d) {
  const int H = p->hidden, I = p->inputs, state = p->b * H;
  double *dgates = zeros(4 * H);
  for (int i = 0; i < state; i++) {
    d->dh0[i] = or_zero(p->dh_last, i);
    d->dc0[i] = or_zero(p->dc_last, i);
  }
  for (int row = p->t * p->b - 1; row >= 0; row--) {
    const int r = row % p->b, first = row < p->b;
    double *dh = d->dh0 + r * H, *dc = d->dc0 + r * H;
    for (int u = 0; u < H; u++) {
      const double *g = gates + row * 4 * H + u;
      const double i = g[0], f = g[H], z = g[2 * H], o = g[3 * H], squashed = tanh(c[row * H + u]);
      const double before = first ? or_zero(p->c0, r * H + u) : c[(row - p->b) * H + u];
      const double dout = dh[u] + or_zero(p->dh, row * H + u);
      const double dcell = dc[u] + dout * o * (1 - squashed * squashed);
      dgates[u] = dcell * z * i * (1 - i);
      dgates[H + u] = dcell * before * f * (1 - f);
      dgates[2 * H + u] = dcell * i * (1 - z * z);
      dgates[3 * H + u] = dout * squashed * o * (1 - o);
      dc[u] = dcell * f;
      dh[u] = 0;
    }
    for (int j = 0; j < 4 * H; j++) {
      d->dbias[j] += dgates[j];
      for (int l = 0; l < I; l++) {
        d->dx[row * I + l] += dgates[j] * p->weight_ih[j * I + l];
        d->dweight_ih[j * I + l] += dgates[j] * p->x[row * I + l];
      }
      for (int l = 0; l < H; l++) {
        dh[l] += dgates[j] * p->weight_hh[j * H + l];
        d->dweight_hh[j * H + l] += dgates[j] * (first ? or_zero(p->h0, r * H + l) : h[(row - p->b) * H + l]);
      }
    }
  }
  free(dgates);
}

/* One block of Threefry-2x32-20 with counter (low, 0); word 0 or 1 of it. */
static uint32_t ref_threefry(uint32_t low, uint32_t key0, uint32_t key1, int word) {
  static const int rotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  const uint32_t keys[3] = {key0, key1, 0x1bd11bdau ^ key0 ^ key1};
  uint32_t x0 = low + key0, x1 = key1;
  for (uint32_t round = 0; round < 20; round++) {
    const int by = rotations[round % 8];
    x0 += x1;
    x1 = ((x1 << by) | (x1 >> (32 - by))) ^ x0;
    if (round % 4 == 3) {
      const uint32_t injection = (round + 1) / 4;
      x0 += keys[injection % 3];
      x1 += keys[(injection + 1) % 3] + injection;
    }
  }
  return word ? x1 : x0;
}

#endif
