/* Attention over a memory with lengths (Bahdanau et al. 2015; Luong et al. 2015). Nothing of [b, t, s, a] is stored:
 * backward computes each tanh again. Sums run in ascending order, in lanes where they run over features. */
#include "functions.h"
#include "unrolled.h"

/* Places whose scores are summed side by side, and vectors of features. */
#define SIDE_BY_SIDE 4

INLINE float total(vf lanes) { return (float)sum_lanes(to_double(lanes)); }

/* One vector of features from i on, the last one behind which there are none cut short. */
INLINE vf part(const float *x, int i, int n) { return load_n(x + i, n - i); }

/* out[j] = factor * q . k[j] for `places` rows of k. */
INLINE void dots(const int places, float *out, const float *q, const float *k, int n, float factor) {
  vf acc[SIDE_BY_SIDE];
  UNROLL for (int j = 0; j < places; j++) acc[j] = splat(0);
  for (int i = 0; i < n; i += VW) {
    const vf x = part(q, i, n);
    UNROLL for (int j = 0; j < places; j++) acc[j] = fma_(x, part(k + j * n, i, n), acc[j]);
  }
  UNROLL for (int j = 0; j < places; j++) out[j] = factor * total(acc[j]);
}

static void dot_rows(float *out, const float *q, const float *k, int rows, int n, float factor) {
  int row = 0;
  for (; row + SIDE_BY_SIDE <= rows; row += SIDE_BY_SIDE) dots(SIDE_BY_SIDE, out + row, q, k + row * n, n, factor);
  for (; row < rows; row++) dots(1, out + row, q, k + row * n, n, factor);
}

/* out[j] = v . tanh(q + k[j]) */
static void additive_rows(float *out, const float *q, const float *k, const float *v, int rows, int n) {
  for (int row = 0; row < rows; row++, k += n) {
    vf acc = splat(0);
    int i = 0;
    for (; i + VW <= n; i += VW) acc = fma_(load(v + i), vtanh(load(q + i) + load(k + i)), acc);
    if (i < n) acc = fma_(part(v, i, n), vtanh(part(q, i, n) + part(k, i, n)), acc);
    out[row] = total(acc);
  }
}

/* Vectors [i, i + n) of out = the sum over rows of weight[row] * x[row]. */
INLINE void mix(const int n, float *out, const float *weight, const float *x, int i, int rows, int features) {
  vf acc[SIDE_BY_SIDE];
  UNROLL for (int j = 0; j < n; j++) acc[j] = splat(0);
  for (int row = 0; row < rows; row++) {
    const vf w = splat(weight[row]);
    UNROLL for (int j = 0; j < n; j++) acc[j] = fma_(w, part(x + row * features, i + j * VW, features), acc[j]);
  }
  UNROLL for (int j = 0; j < n; j++) store_n(out + i + j * VW, acc[j], features - i - j * VW);
}

static void mix_rows(float *out, const float *weight, const float *x, int rows, int features) {
  int i = 0;
  for (; i + SIDE_BY_SIDE * VW <= features; i += SIDE_BY_SIDE * VW)
    mix(SIDE_BY_SIDE, out, weight, x, i, rows, features);
  for (; i < features; i += VW) mix(1, out, weight, x, i, rows, features);
}

/* y[row] += weight[row] * x */
static void add_to_rows(float *y, const float *weight, const float *x, int rows, int n) {
  for (int row = 0; row < rows; row++, y += n) {
    const vf w = splat(weight[row]);
    for (int i = 0; i < n; i += VW) store_n(y + i, fma_(w, part(x, i, n), part(y, i, n)), n - i);
  }
}

INLINE int length_of(const int32_t *lengths, int sequence, int s) { return lengths ? lengths[sequence] : s; }

void attention(int kind, float *context, float *weights, const float *query, const float *keys, const float *values,
               const float *v, const int32_t *lengths, float factor, int b, int t, int s, int a, int h) {
  for (int sequence = 0; sequence < b; sequence++, keys += s * a, values += s * h) {
    const int length = length_of(lengths, sequence, s);
    for (int step = 0; step < t; step++, query += a, weights += s, context += h) {
      if (kind == ATTENTION_ADDITIVE) additive_rows(weights, query, keys, v, length, a);
      else dot_rows(weights, query, keys, length, a, factor);
      if (length > 0) softmax(weights, weights, 0, 1, length);
      fill(weights + length, 0, s - length);
      mix_rows(context, weights, values, length, h);
    }
  }
}

/* What backward adds to for one sequence; 0 where a gradient is not wanted. */
typedef struct {
  float *dquery, *dkeys, *dv;
  const float *query, *keys, *v;
} Gradients;

/* From the gradients of the scores, one vector of features after the other: de v (1 - tanh^2) goes to the query and to the
 * key, de tanh to v. */
static void additive_gradients(const Gradients *p, const float *dscore, int rows, int n) {
  for (int i = 0; i < n; i += VW) {
    const vf q = part(p->query, i, n), v = part(p->v, i, n);
    vf dq = splat(0), dv = splat(0);
    for (int row = 0; row < rows; row++) {
      const vf y = vtanh(q + part(p->keys + row * n, i, n)), de = splat(dscore[row]);
      dv = fma_(de, y, dv);
      const vf g = de * v * (1.0f - y * y);
      dq += g;
      if (p->dkeys) {
        float *dkey = p->dkeys + row * n;
        store_n(dkey + i, part(dkey, i, n) + g, n - i);
      }
    }
    if (p->dquery) store_n(p->dquery + i, dq, n - i);
    if (p->dv) store_n(p->dv + i, part(p->dv, i, n) + dv, n - i);
  }
}

void attention_backward(int kind, float *dquery, float *dkeys, float *dvalues, float *dv, const float *dcontext,
                        const float *dweights, const float *query, const float *keys, const float *values,
                        const float *v, const float *weights, const int32_t *lengths, float factor, int b, int t,
                        int s, int a, int h, float *scratch) {
  for (int sequence = 0; sequence < b; sequence++) {
    const int length = length_of(lengths, sequence, s);
    for (int step = 0; step < t; step++) {
      if (dcontext) dot_rows(scratch, dcontext, values, length, h, 1);
      else fill(scratch, 0, length);
      if (dweights) accumulate(scratch, dweights, length);
      if (dcontext && dvalues) add_to_rows(dvalues, weights, dcontext, length, h);
      if (length > 0) softmax_backward(scratch, scratch, weights, 0, 1, length);
      if (kind == ATTENTION_ADDITIVE) {
        const Gradients p = {.dquery = dquery, .dkeys = dkeys, .dv = dv, .query = query, .keys = keys, .v = v};
        additive_gradients(&p, scratch, length, a);
      } else {
        scale(scratch, scratch, factor, length);
        if (dquery) mix_rows(dquery, scratch, keys, length, a);
        if (dkeys) add_to_rows(dkeys, scratch, query, length, a);
      }
      if (dquery) dquery += a;
      if (dcontext) dcontext += h;
      if (dweights) dweights += s;
      query += a;
      weights += s;
    }
    keys += s * a;
    values += s * h;
    if (dkeys) dkeys += s * a;
    if (dvalues) dvalues += s * h;
  }
}
