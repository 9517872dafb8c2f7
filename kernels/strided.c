/* Operands over four axes, each with strides of its own: broadcasting, permuting, reversing. */
#include "map.h"
#include "unrolled.h"

/* A row whose stride is 1 or 0, read a vector at a time; one element repeated is read from `lanes` again and again, so
 * that one loop serves all strides. */
typedef struct {
  const float *at;
  int step;
} Row;
INLINE Row row_of(const float *p, int stride, float *lanes) {
  if (stride) return (Row){p, VW};
  store(lanes, splat(*p));
  return (Row){lanes, 0};
}
INLINE vf next(Row *row) {
  const vf v = load(row->at);
  row->at += row->step;
  return v;
}

/* Small loops: memory is the limit, and there is a loop for every kind. */
#define ONE_BY_ONE _Pragma("clang loop unroll(disable) vectorize(disable)")

INLINE vf apply2(int kind, vf a, vf b) {
  switch (kind) {
    case BINARY_ADD: return a + b;
    case BINARY_SUB: return a - b;
    case BINARY_MUL: return a * b;
    case BINARY_DIV: return a / b;
    case BINARY_MAXIMUM: return greater_of(a, b);
    case BINARY_MINIMUM: return lesser_of(a, b);
    case BINARY_EQUAL: return a == b ? splat(1) : splat(0);
    default: return float_to_bits(a) == float_to_bits(b) ? splat(1) : splat(0);
  }
}

/* All of these are rounded once, so an element alone gives the same bits as in a vector. */
INLINE void row2(int kind, float *restrict y, const float *a, int sa, const float *b, int sb, int n) {
  int i = 0;
  if (n >= VW && (sa | sb | 1) == 1) {
    float lanes[2][VW];
    Row p = row_of(a, sa, lanes[0]), q = row_of(b, sb, lanes[1]);
    ONE_BY_ONE for (; i + VW <= n; i += VW) {
      const vf u = next(&p), v = next(&q);
      store(y + i, apply2(kind, u, v));
    }
  }
  ONE_BY_ONE for (; i < n; i++) y[i] = apply2(kind, splat(a[i * sa]), splat(b[i * sb]))[0];
}

#define EACH_ROW(VISIT)                            \
  for (int i0 = 0; i0 < n0; i0++)                  \
    for (int i1 = 0; i1 < n1; i1++)                \
      for (int i2 = 0; i2 < n2; i2++) {            \
        VISIT;                                     \
      }

#define AT(p, s) (p + i0 * s##0 + i1 * s##1 + i2 * s##2)

void binary(int kind, float *y, const float *a, const float *b, int n0, int n1, int n2, int n3, int a0, int a1, int a2,
            int a3, int b0, int b1, int b2, int b3) {
#define CASE(KIND)                                                             \
  case KIND:                                                                   \
    EACH_ROW(row2(KIND, y, AT(a, a), a3, AT(b, b), b3, n3); y += n3)           \
    break;
  switch (kind) {
    CASE(BINARY_ADD)
    CASE(BINARY_SUB)
    CASE(BINARY_MUL)
    CASE(BINARY_DIV)
    CASE(BINARY_MAXIMUM)
    CASE(BINARY_MINIMUM)
    CASE(BINARY_EQUAL)
    CASE(BINARY_EQUAL_INTEGERS)
  }
#undef CASE
}

INLINE vf apply3(int kind, vf a, vf b, vf c) {
  switch (kind) {
    case TERNARY_SELECT: return float_to_bits(a) != 0 ? b : c;
    case TERNARY_MAXIMUM_GRAD: return b < c ? splat(0) : b == c ? a * 0.5f : a;
    case TERNARY_MINIMUM_GRAD: return b > c ? splat(0) : b == c ? a * 0.5f : a;
    default: return -a * b / c;
  }
}

INLINE void row3(int kind, float *restrict y, const float *a, int sa, const float *b, int sb, const float *c, int sc,
                 int n) {
  int i = 0;
  if (n >= VW && (sa | sb | sc | 1) == 1) {
    float lanes[3][VW];
    Row p = row_of(a, sa, lanes[0]), q = row_of(b, sb, lanes[1]), r = row_of(c, sc, lanes[2]);
    ONE_BY_ONE for (; i + VW <= n; i += VW) {
      const vf u = next(&p), v = next(&q), w = next(&r);
      store(y + i, apply3(kind, u, v, w));
    }
  }
  ONE_BY_ONE for (; i < n; i++) y[i] = apply3(kind, splat(a[i * sa]), splat(b[i * sb]), splat(c[i * sc]))[0];
}

void ternary(int kind, float *y, const float *a, const float *b, const float *c, int n0, int n1, int n2, int n3, int a0,
             int a1, int a2, int a3, int b0, int b1, int b2, int b3, int c0, int c1, int c2, int c3) {
#define CASE(KIND)                                                                        \
  case KIND:                                                                              \
    EACH_ROW(row3(KIND, y, AT(a, a), a3, AT(b, b), b3, AT(c, c), c3, n3); y += n3)        \
    break;
  switch (kind) {
    CASE(TERNARY_SELECT)
    CASE(TERNARY_MAXIMUM_GRAD)
    CASE(TERNARY_MINIMUM_GRAD)
    CASE(TERNARY_DIV_GRAD)
  }
#undef CASE
}

void move_strided(float *y, const float *x, int n0, int n1, int n2, int n3, int y0, int y1, int y2, int y3, int x0,
                  int x1, int x2, int x3) {
  EACH_ROW({
    /* As integers: a NaN's payload, or an id, is not a float to touch. */
    int32_t *to = (int32_t *)AT(y, y);
    const int32_t *from = (const int32_t *)AT(x, x);
    if (y3 == 1 && x3 == 1) __builtin_memmove(to, from, (unsigned long)n3 * 4);
    else
      for (int i3 = 0; i3 < n3; i3++) to[i3 * y3] = from[i3 * x3];
  })
}
