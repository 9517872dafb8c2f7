/* The general matrix product: blocks that fit the caches around the micro-kernel of tile.h. */
#include "pack.h"
#include "product.h"
#include "unrolled.h"

INLINE int least(int a, int b) { return a < b ? a : b; }

int gemm_scratch(int m, int n, int k) {
  const int depth = least(k, BLOCK_K);
  return least(m, BLOCK_M) * depth + panels_of(least(n, BLOCK_N)) * NR * depth;
}

void gemm(float *c, const float *a, const float *b, const float *row_bias, int m, int n, int k, int transpose_a,
          int transpose_b, int accumulate, float *scratch) {
  const int a_row = transpose_a ? 1 : k, a_k = transpose_a ? m : 1;
  const int b_column = transpose_b ? k : 1, b_k = transpose_b ? 1 : n;
  const int depth = least(k, BLOCK_K);
  float *packed_b = scratch, *packed_a = scratch + panels_of(least(n, BLOCK_N)) * NR * depth;
  if (k == 0 && !accumulate)
    for (int i = 0; i < m * n; i++) c[i] = row_bias ? row_bias[i % n] : 0;
  for (int j = 0; j < n; j += BLOCK_N) {
    const int columns = least(n - j, BLOCK_N);
    for (int l = 0; l < k; l += BLOCK_K) {
      const int length = least(k - l, BLOCK_K);
      pack_panels(packed_b, length * NR, b + j * b_column + l * b_k, b_k, b_column, columns, length);
      for (int i = 0; i < m; i += BLOCK_M) {
        const int rows = least(m - i, BLOCK_M);
        pack_tiles(packed_a, a + i * a_row + l * a_k, a_row, a_k, rows, length);
        float *block = c + i * n + j;
        Start start = from_matrix(block, n);
        if (l == 0 && !accumulate) start = row_bias ? (Start){row_bias + j, 0, NR, 0} : from_zero();
        tile_matrix(block, n, start, packed_a, packed_b, length * NR, rows, columns, length);
      }
    }
  }
}
