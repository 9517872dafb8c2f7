/* One step of one sequence through a whole stack: see unrolled.h. */
#include "recurrent.h"
#include "stream_matrix.h"

/* The words of `plan` (unrolled.h). */
typedef struct {
  int format, cell, layers, symbols, inputs, hidden, projection, outputs;
} Plan;

/* Offsets into what is packed, in words. */
typedef struct {
  int64_t start;      /* [D H]: biases, or with one-hot ids a table of such rows, biases added */
  int64_t input;      /* weight_ih, where there are features */
  int64_t recurrent;  /* weight_hh; GRU_BEFORE: of r and z */
  int64_t candidate;  /* GRU_BEFORE: of n */
  int64_t projection; /* weight_hr */
  int64_t end;
} Layer;

/* The embedding, the head's biases, the head's weights, then the layers. */
typedef struct {
  int64_t head_bias, head, layers;
} Ends;

INLINE const Plan *plan_of(const int32_t *words) { return (const Plan *)words; }
INLINE int state_of(const Plan *p) { return state_size(p->hidden, p->projection); }

/* 0: ids go in one-hot. */
INLINE int features_of(const Plan *p, int layer) { return layer ? state_of(p) : p->inputs; }

static Ends ends_of(const Plan *p) {
  Ends at;
  at.head_bias = line_up((int64_t)p->symbols * p->inputs);
  at.head = at.head_bias + line_up(p->outputs);
  at.layers = at.head + (p->outputs ? stream_matrix_size(p->format, p->outputs, state_of(p)) : 0);
  return at;
}

static Layer layer_after(const Plan *p, int layer, int64_t start) {
  const Cell *shape = &recurrent_cells[p->cell];
  const int H = p->hidden, S = state_of(p), features = features_of(p, layer);
  const int width = shape->gates * H, through = shape->through_width * H;
  Layer at = {.start = start};
  at.input = start + line_up((int64_t)(features ? 1 : p->symbols) * shape->gradients * H);
  at.recurrent = at.input + (features ? stream_matrix_size(p->format, width, features) : 0);
  at.candidate = at.recurrent + stream_matrix_size(p->format, through, S);
  at.projection = at.candidate + (width > through ? stream_matrix_size(p->format, width - through, S) : 0);
  at.end = at.projection + (p->projection ? stream_matrix_size(p->format, S, H) : 0);
  return at;
}

static Layer layer_at(const Plan *p, int layer) {
  Layer at = layer_after(p, 0, ends_of(p).layers);
  for (int l = 1; l <= layer; l++) at = layer_after(p, l, at.end);
  return at;
}

double stream_size(const int32_t *plan) { return layer_at(plan_of(plan), plan_of(plan)->layers - 1).end; }

/* sums [D H], spare [H], the products' own. */
double stream_scratch(const int32_t *plan) {
  const Plan *p = plan_of(plan);
  const int H = p->hidden;
  return line_up(recurrent_cells[p->cell].gradients * H) + line_up(H) + stream_product_scratch(most(H, p->inputs));
}

void stream_pack_ends(float *packed, const int32_t *plan, const float *embedding, const float *head,
                      const float *head_bias) {
  const Plan *p = plan_of(plan);
  const Ends at = ends_of(p);
  if (embedding) copy(packed, embedding, p->symbols * p->inputs);
  if (!head) return;
  if (head_bias) copy(packed + at.head_bias, head_bias, p->outputs);
  else fill(packed + at.head_bias, 0, p->outputs);
  stream_matrix(packed + at.head, p->format, head, p->outputs, state_of(p), 0);
}

void stream_pack_layer(float *packed, const int32_t *plan, int layer, const float *weight_ih, const float *weight_hh,
                       const float *bias_ih, const float *bias_hh, const float *weight_hr, float *scratch) {
  const Plan *p = plan_of(plan);
  const Cell *shape = &recurrent_cells[p->cell];
  const Layer at = layer_at(p, layer);
  const int H = p->hidden, S = state_of(p), features = features_of(p, layer);
  const int width = shape->gates * H, through = shape->through_width * H;
  add_biases(scratch, shape, bias_ih, bias_hh, H);
  if (features) {
    copy(packed + at.start, scratch, shape->gradients * H);
    stream_matrix(packed + at.input, p->format, weight_ih, width, features, shape->band[0].ih * H);
  } else {
    fill_input_table(packed + at.start, shape, weight_ih, scratch, p->symbols, H);
  }
  stream_matrix(packed + at.recurrent, p->format, weight_hh, through, S, 0);
  if (width > through)
    stream_matrix(packed + at.candidate, p->format, weight_hh + through * S, width - through, S, 0);
  if (p->projection) stream_matrix(packed + at.projection, p->format, weight_hr, S, H, 0);
}

/* h and c of a layer, in place, from what enters it: x, or where ids go in one-hot their row of the table. */
static void step_layer(const Plan *p, const float *packed, const Layer *at, float *h, float *c, const float *x, int id,
                       int features, float *scratch) {
  const Cell *shape = &recurrent_cells[p->cell];
  const int H = p->hidden, S = state_of(p), width = shape->gates * H, through = shape->through_width * H;
  const int column = shape->through * H, format = p->format;
  float *sums = scratch, *spare = sums + line_up(shape->gradients * H), *rest = spare + line_up(H);
  const float *start = packed + at->start;
  if (features) {
    stream_product(sums, start, packed + at->input, format, x, width, features, rest);
    copy(sums + width, start + width, shape->gradients * H - width);
    start = sums;
  } else {
    start += id * shape->gradients * H;
  }
  stream_product(sums + column, start + column, packed + at->recurrent, format, h, through, S, rest);
  const Forward s = {.rows = 1, .hidden = H, .gates = p->cell == GRU_BEFORE ? sums : 0, .c = c,
                     .out = p->projection ? spare : h, .h_before = h, .c_before = c, .input = {start, 0, 0, 0},
                     .sums = sums + column, .gate_stride = H};
  switch (p->cell) {
    case RNN_TANH: tanh_forward(h, sums, H); break;
    case RNN_RELU: unary(UNARY_RELU, h, sums, 0, 0, H); break;
    case LSTM: lstm_units(&s, 0, H); break;
    case GRU_AFTER: gru_after_units(&s, 0, H); break;
    case GRU_BEFORE:
      sigmoid(sums, sums, through);
      mul(spare, sums, h, H);
      stream_product(sums + through, start + through, packed + at->candidate, format, spare, H, H, rest);
      gru_before_units(&s, 0, H);
      break;
  }
  if (p->projection) stream_product(h, 0, packed + at->projection, format, spare, S, H, rest);
}

void stream_step(float *y, float *state, const int32_t *plan, const float *packed, int id, const float *x,
                 float *scratch) {
  const Plan *p = plan_of(plan);
  const Ends ends = ends_of(p);
  const int S = state_of(p);
  float *h = state, *c = state + p->layers * S;
  if (p->symbols) x = packed + id * p->inputs;
  Layer at = {.end = ends.layers};
  for (int layer = 0; layer < p->layers; layer++, h += S, c += p->hidden) {
    at = layer_after(p, layer, at.end);
    step_layer(p, packed, &at, h, c, x, id, features_of(p, layer), scratch);
    x = h;
  }
  if (p->outputs)
    stream_product(y, packed + ends.head_bias, packed + ends.head, p->format, x, p->outputs, S, scratch);
  else copy(y, x, S);
}
