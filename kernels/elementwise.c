/* Elementwise operations. An output may alias an input: every vector is read before it is written. */
#include "functions.h"
#include "map.h"
#include "unrolled.h"

void fill(float *y, float value, int n) {
  for (int i = 0; i < n; i++) y[i] = value;
}

void copy(float *y, const float *x, int n) { __builtin_memmove(y, x, (unsigned long)n * 4); }

void add(float *y, const float *a_, const float *b_, int n) { MAP2(y, a_, b_, n, a + b); }
void sub(float *y, const float *a_, const float *b_, int n) { MAP2(y, a_, b_, n, a - b); }
void mul(float *y, const float *a_, const float *b_, int n) { MAP2(y, a_, b_, n, a * b); }
void accumulate(float *y, const float *x, int n) { MAP2(y, y, x, n, a + b); }

void scale(float *y, const float *x, float factor, int n) {
  const vf f = splat(factor);
  MAP1(y, x, n, a * f);
}

void scale_by(float *y, const float *x, const float *factor, float constant, int n) {
  scale(y, x, factor[0] * constant, n);
}

void sigmoid(float *y, const float *x, int n) { MAP1(y, x, n, vsigmoid(a)); }
void tanh_forward(float *y, const float *x, int n) { MAP1(y, x, n, vtanh(a)); }

void sigmoid_backward(float *dx, const float *dy, const float *y, int n) {
  MAP2(dx, dy, y, n, a * (b * (1.0f - b)));
}

void tanh_backward(float *dx, const float *dy, const float *y, int n) { MAP2(dx, dy, y, n, a * (1.0f - b * b)); }
