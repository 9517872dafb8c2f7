/* Layer normalization over rows. Moments in double: the variance of large numbers is a small difference. */
#include "simd.h"
#include "unrolled.h"

INLINE double root(double x) { return __builtin_sqrt(x); }

void layer_norm(float *y, float *mean, float *deviation, const float *x, const float *gain, const float *bias,
                double epsilon, int rows, int n) {
  for (int r = 0; r < rows; r++, x += n, y += n) {
    vd total = 0, squares = 0;
    for (int i = 0; i < n; i += VW) total += to_double(load_n(x + i, n - i));
    const double middle = sum_lanes(total) / n;
    int i = 0;
    for (; i + VW <= n; i += VW) {
      const vd d = to_double(load(x + i)) - middle;
      squares += d * d;
    }
    double rest = 0;
    for (; i < n; i++) rest += (x[i] - middle) * (x[i] - middle);
    const double factor = 1 / root((sum_lanes(squares) + rest) / n + epsilon);
    mean[r] = (float)middle;
    deviation[r] = (float)factor;
    const float m = (float)middle, f = (float)factor;
    for (i = 0; i < n; i += VW) {
      vf v = (load_n(x + i, n - i) - m) * f;
      if (gain) v *= load_n(gain + i, n - i);
      if (bias) v += load_n(bias + i, n - i);
      store_n(y + i, v, n - i);
    }
  }
}

/* With z = (x - mean) * deviation and u = dy * gain: dx = deviation * (u - mean(u) - z * mean(u * z)). */
static void norm_row_backward(float *dx, const float *dy, const float *x, float mean, float deviation, const float *gain,
                              int n) {
  vd total = 0, along = 0;
  for (int i = 0; i < n; i += VW) {
    vf u = load_n(dy + i, n - i);
    if (gain) u *= load_n(gain + i, n - i);
    total += to_double(u);
    along += to_double(u) * to_double((load_n(x + i, n - i) - mean) * deviation);
  }
  const float mean_u = (float)(sum_lanes(total) / n), mean_uz = (float)(sum_lanes(along) / n);
  for (int i = 0; i < n; i += VW) {
    vf u = load_n(dy + i, n - i);
    if (gain) u *= load_n(gain + i, n - i);
    const vf z = (load_n(x + i, n - i) - mean) * deviation;
    store_n(dx + i, deviation * (u - mean_u - z * mean_uz), n - i);
  }
}

void layer_norm_backward(float *dx, float *dgain, float *dbias, const float *dy, const float *x, const float *mean,
                         const float *deviation, const float *gain, int rows, int n) {
  if (dbias) sum_rows(dbias, dy, rows, n);
  if (dgain) {
    for (int i = 0; i < n; i += VW) {
      vf total = 0;
      for (int r = 0; r < rows; r++) {
        const vf z = (load_n(x + r * n + i, n - i) - mean[r]) * deviation[r];
        total += load_n(dy + r * n + i, n - i) * z;
      }
      store_n(dgain + i, total, n - i);
    }
  }
  if (!dx) return;
  for (int r = 0; r < rows; r++)
    norm_row_backward(dx + r * n, dy + r * n, x + r * n, mean[r], deviation[r], gain, n);
}
