/* What the files of the recurrent kernels share: how a cell's numbers are laid out, and one step of a cell. */
#ifndef UNROLLED_RECURRENT_H
#define UNROLLED_RECURRENT_H

#include "functions.h"
#include "parts.h"
#include "unrolled.h"

/*
 * A band is a stretch of gates that lie together in a row of dgates and in the weights. All numbers are in units of H:
 * its first column and width in dgates, and its first row in weight_ih and weight_hh, NONE where the band has no part
 * in that product.
 */
enum { NONE = -1 };
typedef struct {
  int column, width, ih, hh;
  int reset; /* weight_hh was multiplied by r h', not by h' */
} Band;

/* G, K and D of unrolled.h. What enters a step from the input is laid out as a row of dgates is, D H columns. */
typedef struct {
  int gates, saved, gradients;
  int through, through_width; /* columns of dgates that go through weight_hh in one product, units of H */
  int bands;
  Band band[3];
} Cell;
extern const Cell recurrent_cells[5];

/* Gates of the same NR units side by side, so that they are summed and combined together. */
INLINE int grouped_gates(int cell) { return cell == LSTM ? 4 : cell == GRU_AFTER ? 3 : 1; }

INLINE int state_size(int hidden, int projection) { return projection ? projection : hidden; }

/* Words of weight_hh packed for backward: GRU_BEFORE has r and z in one product, n in another. */
INLINE int64_t through_size(const Cell *cell, int hidden, int state) {
  const int k = cell->through_width * hidden;
  return panels_size(state, k) + panels_size(state, cell->gates * hidden - k);
}

/* Offsets into the packed weights. */
typedef struct {
  int64_t recurrent;  /* weight_hh in panels, in the order that the cell's step reads */
  int64_t projection; /* weight_hr in panels */
  int64_t input;      /* weight_ih in panels, band after band; with ids a table of rows of D H, bias added */
  int64_t bias;       /* D H */
  int64_t size;
} Packed;
Packed recurrent_packed(int cell, int inputs, int hidden, int projection, int has_ids);

/* out [D H]: each sum's biases, what adds to it outside the products. */
void add_biases(float *out, const Cell *shape, const float *bias_ih, const float *bias_hh, int hidden);
/* table [ids, D H]: what each id gives as a one-hot input, bias [D H] added. */
void fill_input_table(float *table, const Cell *shape, const float *weight_ih, const float *bias, int ids, int hidden);

/* One step forward. Matrices have `rows` rows, dense. */
typedef struct {
  int rows, hidden, state;
  int back; /* read the weights from the end: those larger than the second cache are then found there in part */
  float *out, *c;                   /* [H]; out is h, or o tanh(c) before the projection */
  float *gates;                     /* [K H], 0: not wanted (GRU_BEFORE wants them always) */
  const float *h_before, *c_before; /* [S], [H] */
  Start input;                      /* row r: what the input gives, D H columns */
  float *sums; /* of the units at hand, row r's at r * row_stride: its gates, GRU_AFTER's r z q, gate_stride apart */
  int row_stride, gate_stride;
  float *tiles;                     /* h_before in tiles */
  const float *weights;             /* Packed.recurrent */
  float *spare;                     /* [H], GRU_BEFORE */
} Forward;
void rnn_forward(const Forward *s, int relu);
void lstm_forward(const Forward *s);
void gru_after_forward(const Forward *s);
void gru_before_forward(const Forward *s);

/* The last part of a step, for units first, first + 1, ...: from their sums to gates, out and c, which may be h_before
 * and c_before. GRU_BEFORE: the sums are in `gates`, r and z are activations already. */
void lstm_units(const Forward *s, int first, int units);
void gru_after_units(const Forward *s, int first, int units);
void gru_before_units(const Forward *s, int first, int units);

/* One step backward, as far as the gradients of the sums. */
typedef struct {
  int rows, hidden;
  float *dgates;       /* [D H] */
  float *dh;           /* [H] gradient of out; GRU: becomes what of the gradient of h_before bypasses the sums */
  float *dc;           /* [H] LSTM: gradient of c, becomes that of c_before */
  const float *out, *c, *gates, *h_before, *c_before;
  const float *weights; /* GRU_BEFORE: W_hn in panels */
  float *tiles, *spare; /* GRU_BEFORE: a product's scratch; [H] */
  float *parts;         /* GRU_BEFORE: where the parts of n's gradients are to be kept, or 0 */
} Backward;
void rnn_backward(const Backward *s, int relu);
void lstm_backward(const Backward *s);
void gru_after_backward(const Backward *s);
void gru_before_backward(const Backward *s);

/* Non-linearities are applied to a few panels' sums at a time, while these are in the nearest cache. */
#define CHUNK (4 * NR)

INLINE int piece(int turn, int count, int back) { return back ? count - 1 - turn : turn; }

/* sums[:, j] = input[:, column + j] + h_before weights[:, j] for the columns j of a chunk; weights in panels. */
INLINE void chunk_sums(float *sums, int stride, const Forward *s, int column, const float *weights, int first,
                       int width) {
  const int k = s->state;
  Start start = start_at(s->input, 0, column + first);
  start.panel_step = NR;
  tile_matrix(sums + first, stride, start, s->tiles, weights + first / NR * panel_size(k), panel_size(k), s->rows,
              width, k);
}

/* The gates of a group's units, those of an LSTM or of GRU_AFTER, are written in one burst: by then their lines should
 * be near. */
INLINE void expect_gates(const Forward *s, int group, int width) {
  if (!s->gates) return;
  const int saved = 4;
  for (int r = 0; r < s->rows; r++)
    for (int gate = 0; gate < saved; gate++) {
      const float *place = s->gates + (saved * r + gate) * s->hidden + group * NR;
      __builtin_prefetch(place, 1);
      __builtin_prefetch(place + width - 1, 1);
    }
}

/*
 * The sums of a group of units, whose gates lie H columns apart in the input from `column` on and in one panel each among
 * the weights. They go to s->sums side by side: in rows as long as those of the gates, often a power of two, they would
 * drive each other out of the caches.
 */
INLINE void group_sums(const Forward *s, int column, int gates, int group, int width) {
  const int panel = panel_size(s->state);
  Start start = start_at(s->input, 0, column + group * NR);
  start.panel_step = s->hidden;
  expect_gates(s, group, width);
  tile_panels(s->sums, s->row_stride, s->gate_stride, &start, width, s->tiles, s->weights + group * gates * panel,
              panel, gates, s->rows, s->state);
}

#endif
