/* The kernels' meaning as plain loops in double, and what the tests need around them. */
#ifndef UNROLLED_TEST_REFERENCE_H
#define UNROLLED_TEST_REFERENCE_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rounding of float sums of a few hundred products of size 1. */
#define ABSOLUTE 1e-5
#define RELATIVE 1.3e-6

static int failures = 0, comparisons = 0;

/* Deterministic values in [-scale, scale). */
static uint32_t noise_state = 1;
static float noise(double scale) {
  noise_state = noise_state * 1664525u + 1013904223u;
  return (float)(((noise_state >> 8) / 8388608.0 - 1) * scale);
}
static float *noisy(int n, double scale) {
  float *x = malloc((size_t)(n + 1) * sizeof *x);
  for (int i = 0; i < n; i++) x[i] = noise(scale);
  return x;
}
/* Room for an output, filled with NaN so that what a kernel forgets shows, and a guard word after it. */
static const float GUARD = 123456.75f;
static float *room(int n) {
  float *x = malloc((size_t)(n + 1) * sizeof *x);
  for (int i = 0; i < n; i++) x[i] = NAN;
  x[n] = GUARD;
  return x;
}
static double *zeros(int n) { return calloc((size_t)n + 1, sizeof(double)); }

static void compare(const char *what, const float *got, const double *expected, int n, double absolute) {
  comparisons += n;
  for (int i = 0; i < n; i++) {
    if (isnan(got[i]) && isnan(expected[i])) continue;
    if (fabs(got[i] - expected[i]) <= absolute + RELATIVE * fabs(expected[i])) continue;
    printf("%s: element %d of %d is %.9g, expected %.9g\n", what, i, n, got[i], expected[i]);
    failures++;
    return;
  }
  if (got[n] != GUARD) {
    printf("%s: wrote beyond its %d elements\n", what, n);
    failures++;
  }
}

static double ref_sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* One block of Threefry-2x32-20 with counter (low, 0); word 0 or 1 of it. */
static uint32_t ref_threefry(uint32_t low, uint32_t key0, uint32_t key1, int word) {
  static const int rotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  const uint32_t keys[3] = {key0, key1, 0x1bd11bdau ^ key0 ^ key1};
  uint32_t x0 = low + key0, x1 = key1;
  for (uint32_t round = 0; round < 20; round++) {
    const int by = rotations[round % 8];
    x0 += x1;
    x1 = ((x1 << by) | (x1 >> (32 - by))) ^ x0;
    if (round % 4 == 3) {
      const uint32_t injection = (round + 1) / 4;
      x0 += keys[injection % 3];
      x1 += keys[(injection + 1) % 3] + injection;
    }
  }
  return word ? x1 : x0;
}

#endif
