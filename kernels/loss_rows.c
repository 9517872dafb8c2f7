/* Cross-entropy as torch.nn.functional.cross_entropy computes it with all its options, row by row. */
#include "functions.h"
#include "loss.h"
#include "unrolled.h"

static double weight_sum(const float *weights, int classes) {
  if (!weights) return classes;
  double total = 0;
  for (int j = 0; j < classes; j++) total += weights[j];
  return total;
}

void cross_entropy_rows(float *row_loss, float *row_weight, float *log_sum_exp, const float *logits,
                        const int32_t *targets, const float *weights, int ignored, double smoothing, int rows,
                        int classes) {
  for (int r = 0; r < rows; r++) {
    const float *x = logits + r * classes;
    const int target = targets[r];
    row_loss[r] = row_weight[r] = log_sum_exp[r] = 0;
    if (target == ignored) continue;
    const double lse = row_log_sum_exp(x, classes), weight = weights ? weights[target] : 1;
    double loss = (1 - smoothing) * weight * (lse - x[target]);
    if (smoothing > 0) {
      double spread = 0;
      for (int j = 0; j < classes; j++) spread += (weights ? weights[j] : 1) * (lse - x[j]);
      loss += smoothing / classes * spread;
    }
    log_sum_exp[r] = (float)lse;
    row_loss[r] = (float)loss;
    row_weight[r] = (float)weight;
  }
}

/* dx_c = d * ((1 - s) w_t (p_c - [c = t]) + s / C (W p_c - w_c)), W the sum of all weights. */
void cross_entropy_rows_backward(float *dlogits, const float *d_row, const float *log_sum_exp, const float *logits,
                                 const int32_t *targets, const float *weights, int ignored, double smoothing, int rows,
                                 int classes) {
  const double all = weight_sum(weights, classes), share = smoothing / classes;
  for (int r = 0; r < rows; r++) {
    const float *x = logits + r * classes;
    float *y = dlogits + r * classes;
    const int target = targets[r];
    if (target == ignored) {
      fill(y, 0, classes);
      continue;
    }
    const double d = d_row[r], own = (1 - smoothing) * (weights ? weights[target] : 1);
    const float factor = (float)(d * (own + share * all)), each = (float)(d * share), lse = log_sum_exp[r];
    for (int j = 0; j < classes; j += VW) {
      vf v = vexp(load_n(x + j, classes - j) - lse) * factor;
      if (smoothing > 0) v -= weights ? load_n(weights + j, classes - j) * each : splat(each);
      store_n(y + j, v, classes - j);
    }
    y[target] -= (float)(d * own);
  }
}
