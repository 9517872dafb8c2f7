/*
 * Packed operands for AMX. Each f32 x is two bf16 numbers, hi = bf16(x) and lo = bf16(x - hi), and lies as they lie in
 * the tile registers: a word is a pair of neighbours in k, the lower one in its lower half.
 *
 *   a: tiles of `height` rows. For every 32 k: height x 16 words of hi, then as many of lo.
 *   b: panels of NR columns. For every 32 k: 16 pairs x 16 columns of hi for either half of the panel, then of lo.
 *
 * Beyond the last k, row and column are zeros. A word holds what an f32 takes, so the sizes are those of f32, rounded up.
 */
#ifndef UNROLLED_LAYOUT_AMX_H
#define UNROLLED_LAYOUT_AMX_H

/* A tile register: 16 rows of 16 words, here 32 bf16. */
#define TILE_ROWS 16
#define TILE_WORDS 256
#define TILE_K 32

/* Two tiles of rows by two of columns: eight loads serve twelve products. */
#define MR (2 * TILE_ROWS)

/* Rows of each tile of m rows: all alike, so that one configuration serves a whole product, and as few as can be,
 * because a product takes a cycle for each row. */
INLINE int tile_count(int m) { return (m + TILE_ROWS - 1) / TILE_ROWS; }
INLINE int tile_height(int m) { return m ? (m + tile_count(m) - 1) / tile_count(m) : 0; }

INLINE int padded_k(int k) { return (k + TILE_K - 1) / TILE_K * TILE_K; }
INLINE int64_t tiles_size(int m, int k) { return (int64_t)(tile_count(m) * tile_height(m)) * padded_k(k); }
INLINE int panel_size(int k) { return NR * padded_k(k); }

void release_tiles(void);

#endif
