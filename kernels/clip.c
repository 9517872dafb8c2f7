/* What happens to gradients between backward and update. */
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
