/* The layouts of the cells, and their weights in the order that the steps read. */
#include "recurrent.h"

const Cell recurrent_cells[5] = {
    [RNN_TANH] = {1, 0, 1, 0, 1, 1, {{0, 1, 0, 0, 0}}},
    [RNN_RELU] = {1, 0, 1, 0, 1, 1, {{0, 1, 0, 0, 0}}},
    [LSTM] = {4, 4, 4, 0, 4, 1, {{0, 4, 0, 0, 0}}},
    /* n r z q */
    [GRU_AFTER] = {3, 4, 4, 1, 3, 3, {{0, 1, 2, NONE, 0}, {1, 2, 0, 0, 0}, {3, 1, NONE, 2, 0}}},
    /* r z n */
    [GRU_BEFORE] = {3, 3, 3, 0, 2, 2, {{0, 2, 0, 0, 0}, {2, 1, 2, 2, 1}}},
};

static int64_t recurrent_size(int cell, int hidden, int state) {
  if (cell == GRU_BEFORE) return panels_size(2 * hidden, state) + panels_size(hidden, state);
  return grouped_gates(cell) * panels_size(hidden, state);
}

static int64_t input_size(const Cell *shape, int inputs, int hidden, int has_ids) {
  if (has_ids) return (int64_t)inputs * shape->gradients * hidden;
  int64_t size = 0;
  for (int i = 0; i < shape->bands; i++)
    if (shape->band[i].ih != NONE) size += panels_size(shape->band[i].width * hidden, inputs);
  return size;
}

Packed recurrent_packed(int cell, int inputs, int hidden, int projection, int has_ids) {
  const Cell *shape = &recurrent_cells[cell];
  Packed at = {0, 0, 0, 0, 0};
  at.projection = recurrent_size(cell, hidden, state_size(hidden, projection));
  at.input = at.projection + panels_size(projection, hidden);
  at.bias = at.input + input_size(shape, inputs, hidden, has_ids);
  at.size = at.bias + shape->gradients * hidden;
  return at;
}

double recurrent_pack_size(int cell, int inputs, int hidden, int projection, int has_ids) {
  return recurrent_packed(cell, inputs, hidden, projection, has_ids).size;
}

/* weight [gates * units, k] in groups of one panel for each gate. */
static float *pack_groups(float *out, const float *weight, int gates, int units, int k) {
  for (int first = 0; first < units; first += NR)
    for (int gate = 0; gate < gates; gate++, out += panel_size(k))
      pack_panels(out, panel_size(k), weight + (gate * units + first) * k, 1, k, least(units - first, NR), k);
  return out;
}

static void pack_recurrent(float *out, int cell, const float *weight_hh, int hidden, int state) {
  if (cell == GRU_BEFORE) {
    out = pack_groups(out, weight_hh, 1, 2 * hidden, state);
    pack_groups(out, weight_hh + 2 * hidden * state, 1, hidden, state);
  } else {
    pack_groups(out, weight_hh, grouped_gates(cell), hidden, state);
  }
}

void add_biases(float *out, const Cell *shape, const float *bias_ih, const float *bias_hh, int hidden) {
  for (int i = 0; i < shape->bands; i++) {
    const Band *band = &shape->band[i];
    for (int j = 0; j < band->width * hidden; j++) {
      const float ih = bias_ih && band->ih != NONE ? bias_ih[band->ih * hidden + j] : 0;
      const float hh = bias_hh && band->hh != NONE ? bias_hh[band->hh * hidden + j] : 0;
      out[band->column * hidden + j] = ih + hh;
    }
  }
}

/* table[i, j] = bias[j] + weight[j, i], j < columns; without a weight the bias. In squares of 16, for the caches. */
static void fill_table(float *table, int stride, const float *weight, const float *bias, int inputs, int columns) {
  for (int i0 = 0; i0 < inputs; i0 += 16)
    for (int j0 = 0; j0 < columns; j0 += 16)
      for (int i = i0; i < least(i0 + 16, inputs); i++)
        for (int j = j0; j < least(j0 + 16, columns); j++)
          table[i * stride + j] = weight ? weight[j * inputs + i] + bias[j] : bias[j];
}

void fill_input_table(float *table, const Cell *shape, const float *weight_ih, const float *bias, int ids, int hidden) {
  for (int i = 0; i < shape->bands; i++) {
    const Band *band = &shape->band[i];
    const int column = band->column * hidden;
    fill_table(table + column, shape->gradients * hidden, band->ih == NONE ? 0 : weight_ih + band->ih * hidden * ids,
               bias + column, ids, band->width * hidden);
  }
}

void recurrent_pack(float *packed, int cell, const float *weight_ih, const float *weight_hh, const float *bias_ih,
                    const float *bias_hh, const float *weight_hr, int inputs, int hidden, int projection, int has_ids) {
  const Cell *shape = &recurrent_cells[cell];
  const Packed at = recurrent_packed(cell, inputs, hidden, projection, has_ids);
  float *bias = packed + at.bias, *input = packed + at.input;
  pack_recurrent(packed + at.recurrent, cell, weight_hh, hidden, state_size(hidden, projection));
  if (projection) pack_groups(packed + at.projection, weight_hr, 1, projection, hidden);
  add_biases(bias, shape, bias_ih, bias_hh, hidden);
  if (has_ids) {
    fill_input_table(input, shape, weight_ih, bias, inputs, hidden);
    return;
  }
  for (int i = 0; i < shape->bands; i++) {
    const Band *band = &shape->band[i];
    if (band->ih != NONE)
      input = pack_groups(input, weight_ih + band->ih * hidden * inputs, 1, band->width * hidden, inputs);
  }
}

/* weight_hh as b of the products with dgates, then weight_hr. */
double recurrent_pack_backward_size(int cell, int hidden, int projection) {
  return through_size(&recurrent_cells[cell], hidden, state_size(hidden, projection)) + panels_size(hidden, projection);
}

void recurrent_pack_backward(float *packed, int cell, const float *weight_hh, const float *weight_hr, int hidden,
                             int projection) {
  const Cell *shape = &recurrent_cells[cell];
  const int state = state_size(hidden, projection);
  const int k = shape->through_width * hidden, rest = shape->gates * hidden - k;
  pack_panels(packed, panel_size(k), weight_hh, state, 1, state, k);
  packed += panels_size(state, k);
  if (rest) pack_panels(packed, panel_size(rest), weight_hh + k * state, state, 1, state, rest);
  packed += panels_size(state, rest);
  if (projection) pack_panels(packed, panel_size(projection), weight_hr, hidden, 1, hidden, projection);
}
