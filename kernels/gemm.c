/* The general matrix product: b is brought into panels block by block. */
#include "product.h"
#include "unrolled.h"

INLINE int64_t block_size(int n, int k) { return panels_size(least(n, BLOCK_N), least(k, BLOCK_K)); }

double gemm_scratch(int m, int n, int k) { return block_size(n, k) + product_scratch(m, k); }

void gemm(float *c, const float *a, const float *b, const float *row_bias, int m, int n, int k, int transpose_a,
          int transpose_b, int accumulate, float *scratch) {
  const int a_row = transpose_a ? 1 : k, a_k = transpose_a ? m : 1;
  const int b_column = transpose_b ? k : 1, b_k = transpose_b ? 1 : n;
  float *panels = scratch, *tiles = scratch + block_size(n, k);
  if (k == 0 && !accumulate)
    for (int i = 0; i < m * n; i++) c[i] = row_bias ? row_bias[i % n] : 0;
  for (int j = 0; j < n; j += BLOCK_N) {
    const int columns = least(n - j, BLOCK_N);
    for (int l = 0; l < k; l += BLOCK_K) {
      const int length = least(k - l, BLOCK_K);
      pack_panels(panels, panel_size(length), b + j * b_column + l * b_k, b_k, b_column, columns, length);
      Start start = from_matrix(c + j, n);
      if (l == 0 && !accumulate) start = row_bias ? (Start){row_bias + j, 0, NR, 0} : from_zero();
      product(c + j, n, start, a + l * a_k, a_row, a_k, panels, panel_size(length), m, columns, length,
              tiles);
    }
  }
  release_tiles();
}
