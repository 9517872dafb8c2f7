/* Along one axis: reductions, softmax, taking by index. */
#include "functions.h"
#include "map.h"
#include "unrolled.h"

/* The greatest of n > 0 contiguous elements; NaN when there is one. */
static float row_max(const float *x, int n) {
  vf top = splat(x[0]);
  int i = 0;
  for (; i + VW <= n; i += VW) top = greater_of(top, load(x + i));
  float largest = top[0];
  for (int j = 1; j < VW; j++) largest = top[j] > largest || top[j] != top[j] ? top[j] : largest;
  for (; i < n; i++) largest = x[i] > largest || x[i] != x[i] ? x[i] : largest;
  return largest;
}

static void max_rows(float *y, const float *x, int rows, int cols) {
  for (int c = 0; c < cols; c += VW) {
    const int width = cols - c;
    vf top = load_n(x + c, width);
    for (int r = 1; r < rows; r++) top = greater_of(top, load_n(x + r * cols + c, width));
    store_n(y + c, top, width);
  }
}

void reduce(int kind, float *y, const float *x, int outer, int n, int inner) {
  for (int o = 0; o < outer; o++, x += n * inner, y += inner) {
    if (kind == REDUCE_SUM && inner == 1) sum(y, x, n);
    else if (kind == REDUCE_SUM) sum_rows(y, x, n, inner);
    else if (inner == 1) y[0] = row_max(x, n);
    else max_rows(y, x, n, inner);
  }
}

/* y = exp(x - shift); returns their sum. Lanes beyond the end add exp(-inf) = 0. */
static double exp_row(float *y, const float *x, float shift, int n) {
  vd total = 0;
  int i = 0;
  for (; i + VW <= n; i += VW) {
    const vf e = vexp(load(x + i) - shift);
    store(y + i, e);
    total += to_double(e);
  }
  double rest = 0;
  if (i < n) {
    store_part(y + i, vexp(load_part(x + i, n - i) - shift), n - i);
    for (int j = i; j < n; j++) rest += (double)y[j];
  }
  return sum_lanes(total) + rest;
}

void softmax(float *y, const float *x, int logarithm, int rows, int n) {
  if (n == 0) return;
  for (int r = 0; r < rows; r++, x += n, y += n) {
    /* The largest is taken out, so that exp cannot overflow. A row of -inf only is NaN, as in PyTorch. */
    const float largest = row_max(x, n);
    if (!logarithm) {
      const float factor = (float)(1 / exp_row(y, x, largest, n));
      scale(y, y, factor, n);
      continue;
    }
    vd total = 0;
    double rest = 0;
    int i = 0;
    for (; i + VW <= n; i += VW) total += to_double(vexp(load(x + i) - largest));
    for (; i < n; i++) rest += (double)vexp(splat(x[i] - largest))[0];
    const float log_total = (float)log_double(sum_lanes(total) + rest);
    for (i = 0; i < n; i += VW) store_n(y + i, (load_n(x + i, n - i) - largest) - log_total, n - i);
  }
}

void softmax_backward(float *dx, const float *dy, const float *y, int logarithm, int rows, int n) {
  for (int r = 0; r < rows; r++, dx += n, dy += n, y += n) {
    vd total = 0;
    for (int i = 0; i < n; i += VW) {
      const vd d = to_double(load_n(dy + i, n - i));
      total += logarithm ? d : d * to_double(load_n(y + i, n - i));
    }
    const float s = (float)sum_lanes(total);
    for (int i = 0; i < n; i += VW) {
      const vf d = load_n(dy + i, n - i), p = load_n(y + i, n - i);
      store_n(dx + i, logarithm ? d - vexp(p) * s : p * (d - s), n - i);
    }
  }
}

void take_along(float *y, const float *x, const int32_t *ids, int rows, int n, int k) {
  const int32_t *from = (const int32_t *)x;
  int32_t *to = (int32_t *)y;
  for (int r = 0; r < rows; r++, from += n, to += k, ids += k)
    for (int j = 0; j < k; j++) to[j] = ids[j] < 0 ? 0 : from[ids[j]];
}

void scatter_add_along(float *x, const float *y, const int32_t *ids, int rows, int n, int k) {
  for (int r = 0; r < rows; r++, x += n, y += k, ids += k)
    for (int j = 0; j < k; j++)
      if (ids[j] >= 0) x[ids[j]] += y[j];
}
