/* What happens to gradients between backward and update. */
#include "clip.h"
#include "simd.h"
#include "unrolled.h"

/* In double, because millions of gradients go into one norm. */
INLINE double square_sum(const float *x, int n) {
  vd s0 = 0, s1 = 0;
  int i = 0;
  for (; i + 2 * VW <= n; i += 2 * VW) {
    const vd a = to_double(load(x + i)), b = to_double(load(x + i + VW));
    s0 += a * a;
    s1 += b * b;
  }
  for (; i < n; i += VW) {
    const vd a = to_double(load_n(x + i, n - i));
    s0 += a * a;
  }
  return sum_lanes(s0 + s1);
}

void clip_norm(float *norm, float *clip, const float *g, double max_norm, int n) {
  const double length = __builtin_sqrt(square_sum(g, n));
  const double ratio = max_norm / (length + 1e-6);
  norm[0] = (float)length;
  /* A NaN norm must reach every gradient, as in PyTorch: the comparison is false then. */
  clip[0] = ratio >= 1 ? 1.0f : (float)ratio;
  clip[1] = __builtin_inff();
}

void clip_gradient(float *g, const float *clip, int n) {
  const Clip by = clip_of(clip);
  for (int i = 0; i < n; i += VW) store_n(g + i, clipped(g + i, n - i, by), n - i);
}
