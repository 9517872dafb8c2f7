/* Where along an axis the greatest element lies. */
#include "simd.h"
#include "unrolled.h"

/* A NaN is greater than everything else; of equals neither is. */
INLINE vi is_greater(vf a, vf b) { return (a > b) | ((a != a) & (b == b)); }
INLINE int is_above(float a, float b) { return a > b || (a != a && b == b); }

/* n > 0 contiguous elements. */
static int32_t argmax_row(const float *x, int n) {
  float top = x[0];
  int32_t place = 0;
  int i = 0;
  if (n >= VW) {
    vi at;
    for (int j = 0; j < VW; j++) at[j] = j;
    vf largest = load(x);
    vi where = at;
    for (i = VW; i + VW <= n; i += VW) {
      const vf v = load(x + i);
      const vi greater = is_greater(v, largest);
      at += VW;
      largest = greater ? v : largest;
      where = greater ? at : where;
    }
    top = largest[0];
    place = where[0];
    for (int j = 1; j < VW; j++) {
      const int equal = largest[j] == top || (largest[j] != largest[j] && top != top);
      if (!is_above(largest[j], top) && !(equal && where[j] < place)) continue;
      top = largest[j];
      place = where[j];
    }
  }
  for (; i < n; i++) {
    if (!is_above(x[i], top)) continue;
    top = x[i];
    place = i;
  }
  return place;
}

static void argmax_columns(int32_t *y, const float *x, int rows, int cols) {
  for (int c = 0; c < cols; c += VW) {
    const int width = cols - c;
    vf top = load_n(x + c, width);
    vi place = 0;
    for (int r = 1; r < rows; r++) {
      const vf v = load_n(x + r * cols + c, width);
      const vi greater = is_greater(v, top);
      top = greater ? v : top;
      place = greater ? (vi)(int32_t)r : place;
    }
    for (int j = 0; j < least(VW, width); j++) y[c + j] = place[j];
  }
}

void argmax(int32_t *y, const float *x, int outer, int n, int inner) {
  for (int o = 0; o < outer; o++, x += n * inner, y += inner) {
    if (inner == 1) y[0] = argmax_row(x, n);
    else argmax_columns(y, x, n, inner);
  }
}
