/* How parameters change by their gradients. */
#include "clip.h"
#include "unrolled.h"

/* The number of this update, from 1 on. */
INLINE int next_step(float *steps) {
  const float step = steps[0] + 1;
  steps[0] = step;
  return (int)step;
}

/* The gradient with the penalty weight_decay / 2 |p|^2. */
INLINE vf penalised(vf g, vf p, vf weight_decay) { return fma_(weight_decay, p, g); }

void sgd(float *p, const float *g, const float *clip, float *buffer, float *steps, double lr, double momentum,
         double dampening, double weight_decay, int nesterov, int n) {
  const int first = steps && next_step(steps) == 1;
  const vf rate = splat((float)-lr), decay = splat((float)weight_decay);
  const vf keep = splat((float)momentum), take = splat(first ? 1.0f : (float)(1 - dampening));
  const Clip by = clip_of(clip);
  for (int i = 0; i < n; i += VW) {
    const int left = n - i;
    const vf p0 = load_n(p + i, left);
    vf d = penalised(clipped(g + i, left, by), p0, decay);
    if (buffer) {
      const vf b = fma_(d, take, load_n(buffer + i, left) * keep);
      store_n(buffer + i, b, left);
      d = nesterov ? fma_(keep, b, d) : b;
    }
    store_n(p + i, fma_(rate, d, p0), left);
  }
}

void rmsprop(float *p, const float *g, const float *clip, float *square, float *mean, float *buffer, double lr,
             double alpha, double epsilon, double momentum, double weight_decay, int n) {
  const vf rate = splat((float)-lr), decay = splat((float)weight_decay), eps = splat((float)epsilon);
  const vf keep = splat((float)alpha), blend = splat((float)(1 - alpha)), inertia = splat((float)momentum);
  const Clip by = clip_of(clip);
  for (int i = 0; i < n; i += VW) {
    const int left = n - i;
    const vf p0 = load_n(p + i, left);
    const vf d = penalised(clipped(g + i, left, by), p0, decay);
    const vf s = fma_(d * d, blend, load_n(square + i, left) * keep);
    store_n(square + i, s, left);
    vf variance = s;
    if (mean) {
      const vf m0 = load_n(mean + i, left), m = fma_(d - m0, blend, m0);
      store_n(mean + i, m, left);
      variance = s - m * m;
    }
    vf u = d / (vsqrt(variance) + eps);
    if (buffer) {
      u = fma_(load_n(buffer + i, left), inertia, u);
      store_n(buffer + i, u, left);
    }
    store_n(p + i, fma_(rate, u, p0), left);
  }
}

void adagrad(float *p, const float *g, const float *clip, float *total, float *steps, double lr, double lr_decay,
             double epsilon, double weight_decay, int epsilon_inside, int n) {
  const int step = next_step(steps);
  const vf rate = splat((float)(-lr / (1 + (step - 1) * lr_decay))), decay = splat((float)weight_decay);
  const vf inside = splat(epsilon_inside ? (float)epsilon : 0.0f);
  const vf outside = splat(epsilon_inside ? 0.0f : (float)epsilon);
  const Clip by = clip_of(clip);
  for (int i = 0; i < n; i += VW) {
    const int left = n - i;
    const vf p0 = load_n(p + i, left);
    const vf d = penalised(clipped(g + i, left, by), p0, decay);
    const vf t = fma_(d, d, load_n(total + i, left));
    store_n(total + i, t, left);
    store_n(p + i, fma_(rate, d / (vsqrt(t + inside) + outside), p0), left);
  }
}

void adam(float *p, const float *g, const float *clip, float *m, float *v, float *steps, double lr, double beta1,
          double beta2, double epsilon, double weight_decay, int decoupled, int n) {
  const int step = next_step(steps);
  const double correction1 = 1 - power(beta1, step), correction2 = 1 - power(beta2, step);
  const vf keep = splat(decoupled ? (float)(1 - lr * weight_decay) : 1.0f);
  const vf decay = splat(decoupled ? 0.0f : (float)weight_decay);
  const vf blend1 = splat((float)(1 - beta1)), blend2 = splat((float)(1 - beta2)), beta2_ = splat((float)beta2);
  const vf step_size = splat((float)(lr / correction1));
  const vf root = splat((float)__builtin_sqrt(correction2)), eps = splat((float)epsilon);
  const Clip by = clip_of(clip);
  for (int i = 0; i < n; i += VW) {
    const int left = n - i;
    const vf p0 = load_n(p + i, left) * keep, m0 = load_n(m + i, left), v0 = load_n(v + i, left);
    vf d = clipped(g + i, left, by);
    if (!decoupled) d = penalised(d, p0, decay);
    const vf m1 = fma_(d - m0, blend1, m0);
    const vf v1 = fma_(d * d, blend2, v0 * beta2_);
    store_n(m + i, m1, left);
    store_n(v + i, v1, left);
    store_n(p + i, p0 - step_size * (m1 / (vsqrt(v1) / root + eps)), left);
  }
}
