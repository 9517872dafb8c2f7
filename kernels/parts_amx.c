#include "parts.h"

#ifdef UNROLLED_AMX

/* All of k at once: the next product reads whole rows, and sums run in the same order as in blocks of k. */
void split_step(float *parts, const float *x, int row_step, int m, int k) {
  for (int i = 0; i < m; i += BLOCK_M)
    pack_tiles(parts + i * padded_k(k), x + i * row_step, row_step, 1, least(m - i, BLOCK_M), k);
}

void product_of_parts(float *c, int c_stride, Start start, const float *parts, const float *panels, int panel_step,
                      int m, int n, int k) {
  for (int i = 0; i < m; i += BLOCK_M)
    tile_matrix(c + i * c_stride, c_stride, start_at(start, i, 0), parts + i * padded_k(k), panels, panel_step,
                least(m - i, BLOCK_M), n, k);
}

void find_rows(PartsRow *found, const float *area, int k, const int32_t *rows, int b, int first, int count) {
  int step = 0, at = rows ? 0 : first / b * b, m = b; /* the step's first row, and how many it has */
  for (int row = first, end = first + count; row < end;) {
    while (row >= at + m) {
      at += m;
      if (rows) m = rows[++step];
    }
    const int block = (row - at) / BLOCK_M * BLOCK_M, height = tile_height(least(m - block, BLOCK_M));
    const int tile = (row - at - block) / height * height;
    const float *hi = area + parts_words(at, k) + (block + tile) * padded_k(k);
    for (int r = row - at - block - tile; r < height && block + tile + r < m && row < end; r++)
      found[row++ - first] = (PartsRow){hi + r * TILE_ROWS, height * TILE_ROWS};
  }
  for (int r = count; r < padded_k(count); r++) found[r] = (PartsRow){zero_panel, 0};
}

#endif
