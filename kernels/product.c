#include "product.h"

void product(float *c, int c_stride, Start start, const float *a, int row_step, int k_step, const float *panels,
             int panel_step, int m, int n, int k, float *tiles) {
  for (int i = 0; i < m; i += BLOCK_M) {
    const int rows = least(m - i, BLOCK_M);
    for (int l = 0; l < k; l += BLOCK_K) {
      const int length = least(k - l, BLOCK_K);
      float *block = c + i * c_stride;
      pack_tiles(tiles, a + i * row_step + l * k_step, row_step, k_step, rows, length);
      tile_matrix(block, c_stride, l ? from_matrix(block, c_stride) : start_at(start, i, 0), tiles,
                  panels + panel_size(l), panel_step, rows, n, length);
    }
  }
}
