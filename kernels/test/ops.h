/* The kernels of the general ops, whose vector code differs with the width, against plain loops. */
#ifndef UNROLLED_TEST_OPS_H
#define UNROLLED_TEST_OPS_H

#include "reference.h"
#include "unrolled.h"

static double ref_softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }

static void test_unary(int n) {
  float *x = noisy(n, 3), *dy = noisy(n, 1), *y = room(n), *dx = room(n);
  for (int kind = UNARY_EXP; kind <= UNARY_POW; kind++) {
    const int root = kind == UNARY_LOG || kind == UNARY_SQRT;
    float *in = noisy(n, 1);
    double *e = zeros(n), *de = zeros(n);
    for (int i = 0; i < n; i++) {
      in[i] = root ? fabsf(x[i]) + 0.1f : x[i];
      const double v = in[i];
      const double value[] = {exp(v), log(v), sqrt(v), fabs(v), v > 0 ? v : 0, ref_softplus(v), v * v,
                              v < -1 ? -1 : v > 2 ? 2 : v, v * v * v};
      const double slope[] = {exp(v), 1 / v, 0.5 / sqrt(v), v > 0 ? 1 : -1, v > 0, 1 / (1 + exp(-v)), 2 * v,
                              v >= -1 && v <= 2, 3 * v * v};
      e[i] = value[kind];
      de[i] = dy[i] * slope[kind];
    }
    const float p = kind == UNARY_POW ? 3 : -1;
    unary(kind, y, in, p, 2, n);
    compare("unary", y, e, n, ABSOLUTE);
    unary_backward(kind, dx, dy, kind == UNARY_EXP || kind == UNARY_SQRT ? y : in, p, 2, n);
    compare("unary_backward", dx, de, n, ABSOLUTE);
    free(in); free(e); free(de);
  }
  free(x); free(dy); free(y); free(dx);
}

static double ref_binary(int kind, double a, double b) {
  switch (kind) {
    case BINARY_ADD: return a + b;
    case BINARY_SUB: return a - b;
    case BINARY_MUL: return a * b;
    case BINARY_DIV: return a / b;
    case BINARY_MAXIMUM: return a > b ? a : b;
    case BINARY_MINIMUM: return a < b ? a : b;
    default: return a == b;
  }
}
static double ref_ternary(int kind, double a, double b, double c) {
  switch (kind) {
    case TERNARY_SELECT: return a != 0 ? b : c;
    case TERNARY_MAXIMUM_GRAD: return b < c ? 0 : b == c ? a / 2 : a;
    case TERNARY_MINIMUM_GRAD: return b > c ? 0 : b == c ? a / 2 : a;
    default: return -a * b / c;
  }
}

/* a is [3, n], b a row or a column, c a row. */
static void test_broadcasts(int n) {
  float *a = noisy(3 * n, 2), *b = noisy(3 + n, 1), *c = noisy(n, 1), *y = room(3 * n);
  for (int i = 0; i < 3 + n; i++) b[i] += b[i] < 0 ? -0.5f : 0.5f;
  for (int i = 0; i < n; i++) c[i] += c[i] < 0 ? -0.5f : 0.5f;
  double *e = zeros(3 * n);
  for (int column = 0; column < 2; column++) {
    const int b2 = column ? 1 : 0, b3 = column ? 0 : 1;
    for (int kind = BINARY_ADD; kind <= BINARY_EQUAL; kind++) {
      for (int i = 0; i < 3 * n; i++) e[i] = ref_binary(kind, a[i], b[i / n * b2 + i % n * b3]);
      binary(kind, y, a, b, 1, 1, 3, n, 0, 0, n, 1, 0, 0, b2, b3);
      compare("binary", y, e, 3 * n, ABSOLUTE);
    }
    for (int kind = TERNARY_SELECT; kind <= TERNARY_DIV_GRAD; kind++) {
      for (int i = 0; i < 3 * n; i++) e[i] = ref_ternary(kind, a[i], b[i / n * b2 + i % n * b3], c[i % n]);
      ternary(kind, y, a, b, c, 1, 1, 3, n, 0, 0, n, 1, 0, 0, b2, b3, 0, 0, 0, 1);
      compare("ternary", y, e, 3 * n, ABSOLUTE);
    }
  }
  free(a); free(b); free(c); free(y); free(e);
}

static void test_rows(int n) {
  const int rows = 3, size = rows * n;
  float *x = noisy(size, 3), *dy = noisy(size, 1), *y = room(size), *dx = room(size), *one = room(rows), *across = room(n);
  double *e = zeros(size), *largest = zeros(rows), *columns = zeros(n), *lse = zeros(rows);
  for (int r = 0; r < rows; r++) largest[r] = x[r * n];
  for (int i = 0; i < n; i++) columns[i] = x[i];
  for (int i = 0; i < size; i++) {
    if (x[i] > largest[i / n]) largest[i / n] = x[i];
    if (x[i] > columns[i % n]) columns[i % n] = x[i];
    lse[i / n] += exp(x[i]);
  }
  reduce(REDUCE_MAX, one, x, rows, n, 1); compare("reduce max", one, largest, rows, 0);
  reduce(REDUCE_MAX, across, x, 1, rows, n); compare("reduce max over rows", across, columns, n, 0);
  for (int logarithm = 0; logarithm < 2; logarithm++) {
    for (int i = 0; i < size; i++) e[i] = logarithm ? x[i] - log(lse[i / n]) : exp(x[i]) / lse[i / n];
    softmax(y, x, logarithm, rows, n); compare("softmax", y, e, size, ABSOLUTE);
    double total[3] = {0};
    for (int i = 0; i < size; i++) total[i / n] += dy[i] * (logarithm ? 1 : e[i]);
    for (int i = 0; i < size; i++)
      e[i] = logarithm ? dy[i] - exp(e[i]) * total[i / n] : e[i] * (dy[i] - total[i / n]);
    softmax_backward(dx, dy, y, logarithm, rows, n); compare("softmax_backward", dx, e, size, ABSOLUTE);
  }
  double mean[3] = {0}, deviation[3] = {0};
  for (int i = 0; i < size; i++) mean[i / n] += (double)x[i] / n;
  for (int i = 0; i < size; i++) deviation[i / n] += (x[i] - mean[i / n]) * (x[i] - mean[i / n]) / n;
  float *saved = room(rows), *gain = noisy(n, 1), *bias = noisy(n, 1);
  for (int i = 0; i < size; i++)
    e[i] = (x[i] - mean[i / n]) / sqrt(deviation[i / n] + 1e-2) * gain[i % n] + bias[i % n];
  layer_norm(y, one, saved, x, gain, bias, 1e-2, rows, n);
  compare("layer_norm", y, e, size, ABSOLUTE);
  compare("layer_norm's mean", one, mean, rows, ABSOLUTE);
  free(x); free(dy); free(y); free(dx); free(one); free(across); free(saved); free(gain); free(bias);
  free(e); free(largest); free(columns); free(lse);
}

static void test_ops(void) {
  for (int n = 1; n < 70; n += 3) {
    test_unary(n);
    test_broadcasts(n);
    test_rows(n);
  }
}

#endif
