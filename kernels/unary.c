/* Functions of one variable and their derivatives. */
#include "log.h"
#include "unrolled.h"

/* One copy of each expression for whole vectors and tails alike: these functions are long. */
#define MAP1(y, x, n, VALUE)                                             \
  for (int i = 0; i < n; i += VW) {                                      \
    const vf a = load_n(x + i, n - i);                                   \
    store_n(y + i, (VALUE), n - i);                                      \
  }
#define MAP2(y, x, z, n, VALUE)                                          \
  for (int i = 0; i < n; i += VW) {                                      \
    const vf a = load_n(x + i, n - i), b = load_n(z + i, n - i);         \
    store_n(y + i, (VALUE), n - i);                                      \
  }

static __attribute__((noinline)) float raised(float x, float p) { return power_of(x, p); }

void unary(int kind, float *y, const float *x, float p, float q, int n) {
  const vf low = splat(p), high = splat(q);
  switch (kind) {
    case UNARY_EXP: MAP1(y, x, n, vexp(a)) break;
    case UNARY_LOG: MAP1(y, x, n, vlog(a)) break;
    case UNARY_SQRT: MAP1(y, x, n, vsqrt(a)) break;
    case UNARY_ABS: MAP1(y, x, n, __builtin_elementwise_abs(a)) break;
    case UNARY_RELU: MAP1(y, x, n, at_least(a, splat(0))) break;
    case UNARY_SOFTPLUS: MAP1(y, x, n, vsoftplus(a)) break;
    case UNARY_SQUARE: MAP1(y, x, n, a * a) break;
    case UNARY_CLAMP: MAP1(y, x, n, at_most(at_least(a, low), high)) break;
    case UNARY_POW:
      for (int i = 0; i < n; i++) y[i] = raised(x[i], p);
      break;
  }
}

void unary_backward(int kind, float *dx, const float *dy, const float *z, float p, float q, int n) {
  const vf low = splat(p), high = splat(q), zero = splat(0);
  switch (kind) {
    case UNARY_EXP: MAP2(dx, dy, z, n, a * b) break;
    case UNARY_LOG: MAP2(dx, dy, z, n, a / b) break;
    case UNARY_SQRT: MAP2(dx, dy, z, n, a / (b + b)) break;
    case UNARY_ABS: MAP2(dx, dy, z, n, b > 0.0f ? a : b < 0.0f ? -a : a * zero) break;
    /* NaN <= 0 is false: the gradient of NaN goes through, as in PyTorch. */
    case UNARY_RELU: MAP2(dx, dy, z, n, b <= 0.0f ? zero : a) break;
    case UNARY_SOFTPLUS: MAP2(dx, dy, z, n, a * vsigmoid(b)) break;
    case UNARY_SQUARE: MAP2(dx, dy, z, n, a * (b + b)) break;
    case UNARY_CLAMP: MAP2(dx, dy, z, n, ((b >= low) & (b <= high)) ? a : zero) break;
    case UNARY_POW:
      for (int i = 0; i < n; i++) dx[i] = p == 0 ? 0 : dy[i] * (p * raised(z[i], p - 1));
      break;
  }
}
