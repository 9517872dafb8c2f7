/* Times the parts of a recurrent layer: bench CELL HIDDEN STEPS BATCH ROUNDS prints milliseconds as JSON (bench.ts). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "unrolled.h"

enum { INPUTS = 65, WARM = 3 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}
static float *room(int n) {
  float *x = aligned_alloc(64, ((size_t)n * 4 + 127) / 64 * 64);
  for (int i = 0; i < n; i++) x[i] = (float)(rand() / (double)RAND_MAX - 0.5) / 8;
  return x;
}
static void print(const char *name, const double *times, int rounds, const char *end) {
  printf("\"%s\":[", name);
  for (int i = 0; i < rounds; i++) printf("%s%.6f", i ? "," : "", times[i]);
  printf("]%s", end);
}

int main(int count, char **arguments) {
  if (count != 6) return 2;
  const int cell = atoi(arguments[1]), H = atoi(arguments[2]), t = atoi(arguments[3]), b = atoi(arguments[4]);
  const int rounds = atoi(arguments[5]), n = t * b, I = INPUTS, wide = 4 * H;
  float *ih = room(wide * I), *hh = room(wide * H), *bih = room(wide), *bhh = room(wide);
  float *packed = room(recurrent_pack_size(cell, I, H, 0, 1)), *back = room(recurrent_pack_backward_size(cell, H, 0));
  float *h = room(n * H), *c = room(n * H), *gates = room(n * wide), *dgates = room(n * wide), *dh = room(n * H);
  float *dih = room(wide * I), *dhh = room(wide * H), *dbih = room(wide), *dbhh = room(wide);
  float *forward = room(recurrent_forward_scratch(cell, t, b, I, H, 0, 1));
  float *backward = room(recurrent_backward_scratch(cell, t, b, H, 0));
  float *weights = room(recurrent_weight_gradients_scratch(cell, n, I, H, 0, 1));
  int32_t *ids = malloc((size_t)n * sizeof *ids);
  for (int i = 0; i < n; i++) ids[i] = rand() % I;
  double *times[5];
  for (int i = 0; i < 5; i++) times[i] = malloc((size_t)rounds * sizeof **times);
  for (int round = -WARM; round < rounds; round++) {
    double at[5];
    at[0] = now();
    recurrent_pack(packed, cell, ih, hh, bih, bhh, 0, I, H, 0, 1);
    recurrent_pack_backward(back, cell, hh, 0, H, 0);
    at[1] = now();
    recurrent_forward(cell, h, c, gates, 0, ids, 0, 0, 0, packed, t, b, I, H, 0, forward);
    at[2] = now();
    recurrent_backward(cell, dgates, 0, 0, 0, 0, dh, 0, 0, h, c, gates, 0, 0, 0, back, t, b, H, 0, backward);
    at[3] = now();
    recurrent_weight_gradients(cell, dih, dhh, dbih, dbhh, 0, dgates, 0, 0, h, c, gates, 0, ids, 0, 0, t, b, n, I, H,
                               0, weights);
    at[4] = now();
    for (int i = 0; i < 4 && round >= 0; i++) times[i][round] = at[i + 1] - at[i];
    if (round >= 0) times[4][round] = at[4] - at[0];
  }
  printf("{");
  print("pack", times[0], rounds, ",");
  print("forward", times[1], rounds, ",");
  print("backward", times[2], rounds, ",");
  print("weights", times[3], rounds, ",");
  print("layer", times[4], rounds, "}\n");
  return 0;
}
