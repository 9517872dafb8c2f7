/* What follows the time loop backward: the gradients of the input and of the weights, over all rows at once. */
#include "recurrent.h"

/* Scratch: weight_ih in panels, in the order of dgates; dgates in tiles. */
double recurrent_input_gradient_scratch(int cell, int n, int inputs, int hidden) {
  const int k = recurrent_cells[cell].gates * hidden;
  return panels_size(least(inputs, BLOCK_N), k) + product_scratch(n, k);
}

void recurrent_input_gradient(int cell, float *dx, const float *dgates, const float *weight_ih, int n, int inputs,
                              int hidden, float *scratch) {
  const Cell *shape = &recurrent_cells[cell];
  const int k = shape->gates * hidden, stride = shape->gradients * hidden;
  float *tiles = scratch + panels_size(least(inputs, BLOCK_N), k);
  for (int j = 0; j < inputs; j += BLOCK_N) {
    const int columns = least(inputs - j, BLOCK_N);
    for (int i = 0; i < shape->bands; i++) {
      const Band *band = &shape->band[i];
      if (band->ih == NONE) continue;
      pack_piece(scratch, panel_size(k), weight_ih + band->ih * hidden * inputs + j, inputs, 1, columns,
                 band->column * hidden, band->width * hidden);
    }
    product(dx + j, inputs, from_zero(), dgates, stride, 1, scratch, panel_size(k), n, columns, k, tiles);
  }
  release_tiles();
}

/* Everything that the weight gradients read. */
typedef struct {
  int cell, n, b, inputs, hidden, projection, state;
  const float *dgates, *parts, *dprojected, *h, *c, *gates, *x, *h0;
  const int32_t *rows;
} Layer;

/*
 * Scratch, one after the other, where depth is the number of rows in a block:
 *   column sums of dgates [D H]
 *   the table [I, G H] of dweight_ih transposed (ids), or x in panels
 *   h' in panels, r h' in panels (GRU_BEFORE)
 *   tiles [depth, BLOCK_M]
 *   computed [depth, H]: r h' (GRU_BEFORE), or o tanh(c) (projection)
 */
typedef struct {
  int64_t input, h_before, reset, tiles, computed, size;
} Places;

static Places places(int cell, int n, int inputs, int hidden, int projection, int has_ids) {
  const Cell *shape = &recurrent_cells[cell];
  const int depth = least(n, BLOCK_K), widest = most(shape->gradients * hidden, projection);
  const int64_t panels = panels_size(most(state_size(hidden, projection), hidden), depth);
  Places at;
  at.input = shape->gradients * hidden;
  at.h_before = at.input + (has_ids ? (int64_t)inputs * shape->gates * hidden : panels_size(inputs, depth));
  at.reset = at.h_before + panels;
  at.tiles = at.reset + (cell == GRU_BEFORE ? panels : 0);
  at.computed = at.tiles + product_scratch(widest, depth);
  at.size = at.computed + (cell == GRU_BEFORE || projection ? (int64_t)depth * hidden : 0);
  return at;
}

double recurrent_weight_gradients_scratch(int cell, int n, int inputs, int hidden, int projection, int has_ids) {
  return places(cell, n, inputs, hidden, projection, has_ids).size;
}

/*
 * The h that stands before rows [row, ..): as many rows as lie together in h (or h0), at most `most_rows`. Returns
 * their number; *from is 0 where there is no h0.
 */
static int rows_before(const Layer *a, int row, int most_rows, const float **from) {
  if (row < a->b) { /* the first step has b rows */
    *from = a->h0 ? a->h0 + row * a->state : 0;
    return least(a->b - row, most_rows);
  }
  if (!a->rows) {
    *from = a->h + (row - a->b) * a->state;
    return most_rows;
  }
  int step = 1, first = a->b, before = 0; /* first rows of the step and of the one before */
  while (row >= first + a->rows[step]) {
    before = first;
    first += a->rows[step++];
  }
  *from = a->h + (before + row - first) * a->state;
  return least(first + a->rows[step] - row, most_rows);
}

/* Rows [l, l + depth) of h' in panels; GRU_BEFORE: r h' as well. */
static void pack_before(float *panels, float *reset, float *computed, const Layer *a, int l, int depth) {
  const int state = a->state;
  for (int at = 0, rows; at < depth; at += rows) {
    const float *from;
    rows = rows_before(a, l + at, depth - at, &from);
    pack_piece(panels, panel_size(depth), from, state, 1, state, at, rows);
    if (!reset) continue;
    for (int r = 0; r < rows; r++) {
      const float *gate = a->gates + (l + at + r) * 3 * state;
      if (from) mul(computed + (at + r) * state, gate, from + r * state, state);
      else scale(computed + (at + r) * state, gate, 0, state);
    }
  }
  if (reset) pack_panels(reset, panel_size(depth), computed, state, 1, state, depth);
}

/* Rows [l, l + depth) of o tanh(c), [depth, H]. */
static void outputs(float *out, const Layer *a, int l, int depth) {
  const int hidden = a->hidden;
  tanh_forward(out, a->c + l * hidden, depth * hidden);
  for (int r = 0; r < depth; r++, out += hidden) mul(out, out, a->gates + (l + r) * 4 * hidden + 3 * hidden, hidden);
}

/* dw [.., columns] (+)= tiles' b: rows [l, l + depth) of the sum. */
INLINE void add_block(float *dw, int l, const float *tiles, const float *panels, int m, int columns, int depth) {
  tile_matrix(dw, columns, l ? from_matrix(dw, columns) : from_zero(), tiles, panels, panel_size(depth), m, columns,
              depth);
}

/* Rows [l, l + depth) of a band among the parts, and the band's first column there; 0 where recurrent_backward has kept
 * none: what did not go through weight_hh. */
INLINE int kept_rows(PartsRow *found, int *column, const Layer *a, const Band *band, int l, int depth) {
  const Cell *shape = &recurrent_cells[a->cell];
  if (!KEEPS_PARTS || !a->parts || band->hh == NONE) return 0;
  const int k = shape->through_width * a->hidden;
  *column = band->reset ? 0 : (band->column - shape->through) * a->hidden;
  if (band->reset) find_rows(found, a->parts + parts_words(a->n, k), a->hidden, a->rows, a->b, l, depth);
  else find_rows(found, a->parts, k, a->rows, a->b, l, depth);
  return 1;
}

/* One band's part of dweight_ih (without ids) and dweight_hh: its gradients are brought into tiles once for both. */
static void band_gradients(float *dweight_ih, float *dweight_hh, const Band *band, const Layer *a, int l, int depth,
                           const float *panels_x, const float *panels_h, float *tiles) {
  const int hidden = a->hidden, stride = recurrent_cells[a->cell].gradients * hidden;
  const float *dgates = a->dgates + l * stride + band->column * hidden;
  PartsRow rows[BLOCK_K];
  int column;
  const int kept = kept_rows(rows, &column, a, band, l, depth);
  for (int i = 0; i < band->width * hidden; i += BLOCK_M) {
    const int m = least(band->width * hidden - i, BLOCK_M);
    if (kept) pack_transposed(tiles, rows, column + i, m, depth);
    else pack_tiles(tiles, dgates + i, 1, stride, m, depth);
    if (band->hh != NONE)
      add_block(dweight_hh + (band->hh * hidden + i) * a->state, l, tiles, panels_h, m, a->state, depth);
    if (band->ih != NONE && a->x)
      add_block(dweight_ih + (band->ih * hidden + i) * a->inputs, l, tiles, panels_x, m, a->inputs, depth);
  }
}

static void projection_gradient(float *dweight_hr, const Layer *a, int l, int depth, float *computed, float *panels,
                                float *tiles) {
  outputs(computed, a, l, depth);
  pack_panels(panels, panel_size(depth), computed, a->hidden, 1, a->hidden, depth);
  for (int i = 0; i < a->projection; i += BLOCK_M) {
    const int m = least(a->projection - i, BLOCK_M);
    pack_tiles(tiles, a->dprojected + l * a->projection + i, 1, a->projection, m, depth);
    add_block(dweight_hr + i * a->hidden, l, tiles, panels, m, a->hidden, depth);
  }
}

/* Gradients of the rows of weight_ih that the ids chose, through a table [I, G H]. */
static void id_gradients(float *dweight_ih, const Layer *a, const int32_t *ids, float *table) {
  const Cell *shape = &recurrent_cells[a->cell];
  const int hidden = a->hidden, width = shape->gates * hidden, stride = shape->gradients * hidden;
  fill(table, 0, a->inputs * width);
  for (int r = 0; r < a->n; r++)
    for (int i = 0; i < shape->bands; i++) {
      const Band *band = &shape->band[i];
      if (band->ih != NONE)
        accumulate(table + ids[r] * width + band->ih * hidden, a->dgates + r * stride + band->column * hidden,
                   band->width * hidden);
    }
  swap_axes(dweight_ih, table, a->inputs, width, 1);
}

static void bias_gradients(float *dbias_ih, float *dbias_hh, const Layer *a, float *sums) {
  const Cell *shape = &recurrent_cells[a->cell];
  const int hidden = a->hidden;
  sum_rows(sums, a->dgates, a->n, shape->gradients * hidden);
  for (int i = 0; i < shape->bands; i++) {
    const Band *band = &shape->band[i];
    const float *from = sums + band->column * hidden;
    if (dbias_ih && band->ih != NONE) copy(dbias_ih + band->ih * hidden, from, band->width * hidden);
    if (dbias_hh && band->hh != NONE) copy(dbias_hh + band->hh * hidden, from, band->width * hidden);
  }
}

void recurrent_weight_gradients(int cell, float *dweight_ih, float *dweight_hh, float *dbias_ih, float *dbias_hh,
                                float *dweight_hr, const float *dgates, const float *parts, const float *dprojected,
                                const float *h, const float *c, const float *gates, const float *x, const int32_t *ids,
                                const int32_t *rows, const float *h0, int t, int b, int n, int inputs, int hidden,
                                int projection, float *scratch) {
  (void)t;
  const Cell *shape = &recurrent_cells[cell];
  const Places at = places(cell, n, inputs, hidden, projection, ids != 0);
  const Layer a = {cell, n, b, inputs, hidden, projection, state_size(hidden, projection),
                   dgates, parts, dprojected, h, c, gates, x, h0, rows};
  float *panels_x = scratch + at.input, *panels_h = scratch + at.h_before, *tiles = scratch + at.tiles;
  float *reset = cell == GRU_BEFORE ? scratch + at.reset : 0, *computed = scratch + at.computed;
  if (dbias_ih || dbias_hh) bias_gradients(dbias_ih, dbias_hh, &a, scratch);
  if (ids) id_gradients(dweight_ih, &a, ids, panels_x);
  for (int l = 0; l < n; l += BLOCK_K) {
    const int depth = least(n - l, BLOCK_K);
    pack_before(panels_h, reset, computed, &a, l, depth);
    if (x) pack_panels(panels_x, panel_size(depth), x + l * inputs, inputs, 1, inputs, depth);
    for (int i = 0; i < shape->bands; i++) {
      const Band *band = &shape->band[i];
      band_gradients(dweight_ih, dweight_hh, band, &a, l, depth, panels_x, band->reset ? reset : panels_h, tiles);
    }
    if (projection) projection_gradient(dweight_hr, &a, l, depth, computed, panels_h, tiles);
  }
  release_tiles();
}
