/*
 * What the lines //@ of unrolled.h are made of: how many words a kernel's arguments reach. In double, which holds every
 * product of two or three ints closely enough and does not wrap. NEVER: no heap has so many.
 */
#ifndef UNROLLED_EXTENTS_H
#define UNROLLED_EXTENTS_H

#include "addon.h"
#include "unrolled.h"

#define NEVER __builtin_inf()

INLINE int is_cell(double cell) { return cell >= RNN_TANH && cell <= GRU_BEFORE; }

/* G, K and D of unrolled.h. */
INLINE double gates_of(double cell) { return cell < LSTM ? 1 : cell == LSTM ? 4 : 3; }
INLINE double saved_of(double cell) { return cell < LSTM ? 0 : cell == GRU_BEFORE ? 3 : 4; }
INLINE double sums_of(double cell) { return cell < LSTM ? 1 : cell == GRU_BEFORE ? 3 : 4; }
INLINE double state_of(double hidden, double projection) { return projection ? projection : hidden; }

/* Rows of all steps; NEVER where they rise, begin otherwise than with b or end before the last step. */
INLINE double rows_of(const int32_t *rows, double t, double b) {
  if (!rows) return t * b;
  double sum = 0, before = b;
  for (int step = 0; step < t; step++) {
    if (rows[step] < 1 || rows[step] > before || (step == 0 && rows[0] != b)) return NEVER;
    sum += before = rows[step];
  }
  return sum;
}

/* A whole number from 0 on, from which n elements stay within what a double counts: 2^53. */
INLINE int is_index(double start, double n) {
  const double most = 9007199254740992.0;
  return start >= 0 && start <= most && start + n <= most && start == (double)(int64_t)start;
}

INLINE double strided(double rows, double stride, double columns) {
  if (rows <= 0 || columns <= 0) return 0;
  return stride < 0 ? NEVER : (rows - 1) * stride + columns;
}

/* Of b memories of s places each: from 0 to s. */
INLINE int are_lengths(const int32_t *lengths, double b, double s) {
  if (lengths)
    for (int i = 0; i < b; i++)
      if (lengths[i] < 0 || lengths[i] > s) return 0;
  return 1;
}

/* Over four axes: words from the address on, and before it, where strides are negative. */
INLINE double side(double n0, double n1, double n2, double n3, double s0, double s1, double s2, double s3, int sign) {
  if (n0 <= 0 || n1 <= 0 || n2 <= 0 || n3 <= 0) return 0;
  double sum = 0;
  sum += sign * s0 > 0 ? (n0 - 1) * s0 : 0;
  sum += sign * s1 > 0 ? (n1 - 1) * s1 : 0;
  sum += sign * s2 > 0 ? (n2 - 1) * s2 : 0;
  sum += sign * s3 > 0 ? (n3 - 1) * s3 : 0;
  return sign > 0 ? sum + 1 : sum;
}
INLINE double ahead(double n0, double n1, double n2, double n3, double s0, double s1, double s2, double s3) {
  return side(n0, n1, n2, n3, s0, s1, s2, s3, 1);
}
INLINE double behind(double n0, double n1, double n2, double n3, double s0, double s1, double s2, double s3) {
  return side(n0, n1, n2, n3, s0, s1, s2, s3, -1);
}
INLINE double reach(double n0, double n1, double n2, double n3, double s0, double s1, double s2, double s3) {
  return behind(n0, n1, n2, n3, s0, s1, s2, s3) < 0 ? NEVER : ahead(n0, n1, n2, n3, s0, s1, s2, s3);
}

enum { PLAN_WORDS = PLAN_OUTPUTS + 1, MOST_LAYERS = 65536, LARGEST_SIZE = 1 << 30 };

INLINE int is_plan(const int32_t *plan) {
  for (int word = 0; word < PLAN_WORDS; word++)
    if (plan[word] < 0 || plan[word] > LARGEST_SIZE) return 0;
  return plan[PLAN_FORMAT] <= STREAM_INT8 && is_cell(plan[PLAN_CELL]) && plan[PLAN_LAYERS] >= 1 && plan[PLAN_LAYERS] <= MOST_LAYERS &&
         plan[PLAN_HIDDEN] >= 1 && (plan[PLAN_SYMBOLS] || plan[PLAN_INPUTS]);
}
INLINE double plan_state(const int32_t *plan) { return state_of(plan[PLAN_HIDDEN], plan[PLAN_PROJECTION]); }
/* Rows of a layer's weights. */
INLINE double plan_units(const int32_t *plan) { return gates_of(plan[PLAN_CELL]) * plan[PLAN_HIDDEN]; }
INLINE double plan_features(const int32_t *plan, double layer) {
  return layer > 0 ? plan_state(plan) : plan[PLAN_INPUTS] ? plan[PLAN_INPUTS] : plan[PLAN_SYMBOLS];
}
INLINE double plan_states(const int32_t *plan) {
  return plan[PLAN_LAYERS] * (plan_state(plan) + (plan[PLAN_CELL] == LSTM ? plan[PLAN_HIDDEN] : 0));
}

#endif
