/* What happens to gradients and parameters after backward. */
#include "functions.h"
#include "reduce.h"
#include "unrolled.h"

void clip_norm(float *norm, float *g, double max_norm, int n) {
  const double length = __builtin_sqrt(square_sum(g, n));
  norm[0] = (float)length;
  if (max_norm - max_norm != 0) return; /* infinite or NaN: measure only */
  const double ratio = max_norm / (length + 1e-6);
  /* A NaN norm must reach every gradient, as in PyTorch: the comparison is false then. */
  if (ratio >= 1) return;
  const vf factor = splat((float)ratio);
  for (int i = 0; i < n; i += VW) store_n(g + i, load_n(g + i, n - i) * factor, n - i);
}

void clip_value(float *g, double limit, int n) {
  const vf bound = splat((float)limit);
  for (int i = 0; i < n; i += VW)
    store_n(g + i, at_least(at_most(load_n(g + i, n - i), bound), -bound), n - i);
}

void adam(float *p, const float *g, float *m, float *v, double lr, double beta1, double beta2, double epsilon,
          double weight_decay, int decoupled, int step, int n) {
  const double correction1 = 1 - power(beta1, step), correction2 = 1 - power(beta2, step);
  const vf keep = splat(decoupled ? (float)(1 - lr * weight_decay) : 1.0f);
  const vf decay = splat(decoupled ? 0.0f : (float)weight_decay);
  const vf blend1 = splat((float)(1 - beta1)), blend2 = splat((float)(1 - beta2)), beta2_ = splat((float)beta2);
  const vf step_size = splat((float)(lr / correction1));
  const vf root = splat((float)__builtin_sqrt(correction2)), eps = splat((float)epsilon);
  for (int i = 0; i < n; i += VW) {
    const int left = n - i;
    const vf p0 = load_n(p + i, left) * keep, m0 = load_n(m + i, left), v0 = load_n(v + i, left);
    vf g0 = load_n(g + i, left);
    if (!decoupled) g0 = fma_(decay, p0, g0);
    const vf m1 = fma_(g0 - m0, blend1, m0);
    const vf v1 = fma_(g0 * g0, blend2, v0 * beta2_);
    store_n(m + i, m1, left);
    store_n(v + i, v1, left);
    store_n(p + i, p0 - step_size * (m1 / (vsqrt(v1) / root + eps)), left);
  }
}
