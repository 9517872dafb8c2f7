/* The recurrent kernels against plain loops: every cell, ids, ragged steps, states, projection. */
#ifndef UNROLLED_TEST_RECURRENT_H
#define UNROLLED_TEST_RECURRENT_H

#include "reference_recurrent.h"

static float *out_room(int n) { return n ? room(n) : 0; }
static void check_out(const char *what, float *got, double *expected, int n, double absolute) {
  if (got) compare(what, got, expected, n, absolute);
  free(got);
  free(expected);
}
static void check_guard(const float *scratch, int words) {
  if (scratch[words] == GUARD) return;
  puts("recurrent: wrote beyond its scratch");
  failures++;
}

enum { IDS = 1, STATES = 2, RAGGED = 4, KINDS = 8 };

static void test_layer(int cell, int t, int b, int I, int H, int P, int kind) {
  static const int counts[5][3] = {{1, 0, 1}, {1, 0, 1}, {4, 4, 4}, {3, 4, 4}, {3, 3, 3}};
  const int G = counts[cell][0], K = counts[cell][1], D = counts[cell][2], S = P ? P : H;
  const int has_ids = kind & IDS, states = kind & STATES, ragged = kind & RAGGED, is_lstm = cell == LSTM;
  int32_t *steps = malloc((size_t)t * sizeof *steps);
  int n = 0;
  for (int s = 0; s < t; s++) n += steps[s] = ragged ? (b * (t - s) + t - 1) / t : b;
  const int32_t *rows = ragged ? steps : 0;
  float *x = noisy(n * I, 1);
  int32_t *ids = malloc((size_t)n * sizeof *ids);
  for (int i = 0; i < n; i++) {
    ids[i] = (i * 7 + i / 4) % I;
    for (int j = 0; has_ids && j < I; j++) x[i * I + j] = j == ids[i];
  }
  const double bound = 1 / sqrt(H);
  const Problem p = {cell, t, b, n, I, H, P, S, G, K, D, steps, x,
                     noisy(G * H * I, bound), noisy(G * H * S, bound), states ? noisy(G * H, 1) : 0, noisy(G * H, 1),
                     P ? noisy(P * H, bound) : 0, states ? noisy(b * S, 1) : 0, states && is_lstm ? noisy(b * H, 1) : 0,
                     noisy(n * S, 1), states ? noisy(b * S, 1) : 0, states && is_lstm ? noisy(b * H, 1) : 0};
  Values e = {zeros(n * S), zeros(n * H), zeros(n * K * H), zeros(n * D * H), zeros(n * P), zeros(n * I),
              zeros(G * H * I), zeros(G * H * S), zeros(G * H), zeros(G * H), zeros(P * H), zeros(b * S), zeros(b * H)};
  ref_recurrent(&p, &e);

  const float *given_x = has_ids ? 0 : x;
  const int32_t *given_ids = has_ids ? ids : 0;
  int words = recurrent_pack_size(cell, I, H, P, has_ids);
  float *packed = room(words);
  recurrent_pack(packed, cell, p.weight_ih, p.weight_hh, p.bias_ih, p.bias_hh, p.weight_hr, I, H, P, has_ids);
  check_guard(packed, words);
  float *h = out_room(n * S), *c = out_room(is_lstm ? n * H : 0), *gates = out_room(n * K * H);
  words = recurrent_forward_scratch(cell, t, b, I, H, P, has_ids);
  float *scratch = room(words);
  recurrent_forward(cell, h, c, gates, given_x, given_ids, rows, p.h0, p.c0, packed, t, b, I, H, P, scratch);
  check_guard(scratch, words);
  free(scratch);
  scratch = room(words);
  float *same_h = out_room(n * S), *same_c = out_room(is_lstm ? n * H : 0);
  recurrent_forward(cell, same_h, same_c, 0, given_x, given_ids, rows, p.h0, p.c0, packed, t, b, I, H, P, scratch);
  check_guard(scratch, words);
  free(scratch); free(packed);

  words = recurrent_pack_backward_size(cell, H, P);
  packed = room(words);
  recurrent_pack_backward(packed, cell, p.weight_hh, p.weight_hr, H, P);
  check_guard(packed, words);
  float *dgates = out_room(n * D * H), *dprojected = out_room(n * P);
  float *dh0 = out_room(b * S), *dc0 = out_room(is_lstm ? b * H : 0);
  words = recurrent_backward_scratch(cell, t, b, H, P);
  scratch = room(words);
  recurrent_backward(cell, dgates, 0, dprojected, dh0, dc0, p.dh, p.dh_last, p.dc_last, h, c, gates, rows, p.h0, p.c0,
                     packed, t, b, H, P, scratch);
  check_guard(scratch, words);
  free(scratch); free(packed);

  float *dx = out_room(n * I);
  words = recurrent_input_gradient_scratch(cell, n, I, H);
  scratch = room(words);
  recurrent_input_gradient(cell, dx, dgates, p.weight_ih, n, I, H, scratch);
  check_guard(scratch, words);
  free(scratch);

  float *dih = out_room(G * H * I), *dhh = out_room(G * H * S), *dhr = out_room(P * H);
  float *bih = out_room(states ? G * H : 0), *bhh = out_room(G * H);
  words = recurrent_weight_gradients_scratch(cell, n, I, H, P, has_ids);
  scratch = room(words);
  recurrent_weight_gradients(cell, dih, dhh, bih, bhh, dhr, dgates, 0, dprojected, h, c, gates, given_x, given_ids,
                             rows, p.h0, t, b, n, I, H, P, scratch);
  check_guard(scratch, words);
  free(scratch);

  /* Gradients of weights are sums over all rows. */
  const double summed = ABSOLUTE + n * 2e-7;
  compare("recurrent h without gates", same_h, e.h, n * S, ABSOLUTE);
  if (same_c) compare("recurrent c without gates", same_c, e.c, n * H, ABSOLUTE);
  free(same_h);
  free(same_c);
  check_out("recurrent h", h, e.h, n * S, ABSOLUTE);
  check_out("recurrent c", c, e.c, n * H, ABSOLUTE);
  check_out("recurrent gates", gates, e.gates, n * K * H, ABSOLUTE);
  check_out("recurrent dgates", dgates, e.dgates, n * D * H, summed);
  check_out("recurrent dprojected", dprojected, e.dprojected, n * P, summed);
  check_out("recurrent dh0", dh0, e.dh0, b * S, summed);
  check_out("recurrent dc0", dc0, e.dc0, b * H, summed);
  check_out("recurrent dx", dx, e.dx, n * I, summed);
  check_out("recurrent dweight_ih", dih, e.dweight_ih, G * H * I, summed);
  check_out("recurrent dweight_hh", dhh, e.dweight_hh, G * H * S, summed);
  check_out("recurrent dweight_hr", dhr, e.dweight_hr, P * H, summed);
  check_out("recurrent dbias_ih", bih, e.dbias_ih, G * H, summed);
  check_out("recurrent dbias_hh", bhh, e.dbias_hh, G * H, summed);
  const float *inputs[] = {p.x, p.weight_ih, p.weight_hh, p.bias_ih, p.bias_hh, p.weight_hr, p.h0, p.c0, p.dh,
                           p.dh_last, p.dc_last};
  for (int i = 0; i < (int)(sizeof inputs / sizeof *inputs); i++) free((void *)inputs[i]);
  free(steps); free(ids);
}

static void test_recurrent(void) {
  static const int shapes[][5] = {{1, 1, 1, 1, 1},    {4, 5, 7, 19, 6},     {3, 2, 33, 32, 9},  {2, 1, 5, 70, 40},
                                  {40, 29, 3, 13, 5}, {2, 3, 1030, 35, 64}, {1, 200, 2, 5, 33}, {2, 2, 1, 520, 0}};
  for (int cell = RNN_TANH; cell <= GRU_BEFORE; cell++)
    for (int i = 0; i < (int)(sizeof shapes / sizeof *shapes); i++)
      for (int kind = 0; kind < KINDS; kind++) {
        const int *s = shapes[i];
        test_layer(cell, s[0], s[1], s[2], s[3], 0, kind);
        if (cell == LSTM) test_layer(cell, s[0], s[1], s[2], s[3], s[4], kind);
      }
}

#endif
