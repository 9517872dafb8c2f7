/* Cross-entropy over rows of logits. */
#include "loss.h"

#include "functions.h"
#include "unrolled.h"

double row_log_sum_exp(const float *x, int n) {
  vf top = splat(-__builtin_inff());
  int j = 0;
  for (; j + VW <= n; j += VW) {
    const vf v = load(x + j);
    top = top < v ? v : top;
  }
  float largest = top[0];
  for (int i = 1; i < VW; i++) largest = largest < top[i] ? top[i] : largest;
  for (; j < n; j++) largest = largest < x[j] ? x[j] : largest;

  vd total = 0;
  for (j = 0; j + VW <= n; j += VW) total += to_double(vexp(load(x + j) - largest));
  if (j < n) {
    float rest[VW];
    for (int i = 0; i < VW; i++) rest[i] = j + i < n ? x[j + i] : -__builtin_inff();
    /* Padding of -inf adds exp(-inf) = 0; but if the whole row is -inf, so is largest, and NaN is the answer. */
    total += to_double(vexp(load(rest) - largest));
  }
  return (double)largest + log_double(sum_lanes(total));
}

void cross_entropy(float *loss, float *row_loss, float *log_sum_exp, const float *logits, const int32_t *targets,
                   int rows, int classes) {
  double total = 0;
  for (int r = 0; r < rows; r++) {
    const float *x = logits + r * classes;
    const double lse = row_log_sum_exp(x, classes);
    const double value = lse - (double)x[targets[r]];
    log_sum_exp[r] = (float)lse;
    if (row_loss) row_loss[r] = (float)value;
    total += value;
  }
  loss[0] = (float)(total / rows);
}

void cross_entropy_backward(float *dlogits, const float *d_loss, const float *log_sum_exp, const float *logits,
                            const int32_t *targets, int rows, int classes) {
  const float factor = (float)((double)d_loss[0] / rows);
  for (int r = 0; r < rows; r++) {
    const float *x = logits + r * classes;
    float *y = dlogits + r * classes;
    const float lse = log_sum_exp[r];
    for (int j = 0; j < classes; j += VW)
      store_n(y + j, vexp(load_n(x + j, classes - j) - lse) * factor, classes - j);
    y[targets[r]] -= factor;
  }
}
