/* Packing for AMX (layout_amx.h): 16 rows of a, or 16 columns of b, by 32 k at a time. */
#include "pack.h"

#ifdef UNROLLED_AMX
#include "split.h"

/* Sixteen vectors of words for either part; a line is a row (column) with its pairs in k, or a pair in k of all rows
 * (columns). */
typedef struct {
  vu hi[TILE_ROWS], lo[TILE_ROWS];
} Block;

/* Line i from x[i * step ..], contiguous in k; `count` lines, `depth` k. */
static void lines_along_k(Block *block, const float *x, int step, int count, int depth) {
  for (int i = 0; i < TILE_ROWS; i++, x += step) {
    if (i >= count) {
      block->hi[i] = block->lo[i] = (vu)0;
      continue;
    }
    const vf first = load_n(x, depth), second = depth > VW ? load_n(x + VW, depth - VW) : splat(0);
    const Parts parts = split_pairs(
        __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30),
        __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31));
    block->hi[i] = parts.hi;
    block->lo[i] = parts.lo;
  }
}

/* Line i is k = 2 i and 2 i + 1, at x[k * k_step ..] for `count` neighbours. */
static void lines_across_k(Block *block, const float *x, int k_step, int count, int depth) {
  for (int i = 0; i < TILE_ROWS; i++, x += 2 * k_step) {
    const vf even = 2 * i < depth ? load_n(x, count) : splat(0);
    const vf odd = 2 * i + 1 < depth ? load_n(x + k_step, count) : splat(0);
    const Parts parts = split_pairs(even, odd);
    block->hi[i] = parts.hi;
    block->lo[i] = parts.lo;
  }
}

/* Lines become columns: at each step, neighbours at a distance exchange halves, quarters, ... of their stretches. */
static void transpose(vu *line) {
#define EXCHANGE(DISTANCE, FIRST, SECOND)                       \
  for (int i = 0; i < TILE_ROWS; i++) {                         \
    if (i & DISTANCE) continue;                                 \
    const vu a = line[i], b = line[i + DISTANCE];               \
    line[i] = __builtin_shufflevector(a, b, FIRST);             \
    line[i + DISTANCE] = __builtin_shufflevector(a, b, SECOND); \
  }
#define LIST(...) __VA_ARGS__
  EXCHANGE(8, LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
           LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
  EXCHANGE(4, LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
           LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  EXCHANGE(2, LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
           LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  EXCHANGE(1, LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
           LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#undef LIST
#undef EXCHANGE
}

static void put(float *hi, float *lo, const Block *block, int lines) {
  for (int i = 0; i < lines; i++) {
    store(hi + i * TILE_ROWS, (vf)block->hi[i]);
    store(lo + i * TILE_ROWS, (vf)block->lo[i]);
  }
}

void pack_tiles(float *out, const float *x, int row_step, int k_step, int m, int k) {
  const int height = tile_height(m), deep = padded_k(k);
  for (int l = 0; l < k; l += TILE_K)
    for (int r = 0; r < m; r += height) {
      Block block;
      const float *from = x + r * row_step + l * k_step;
      const int count = least(m - r, height), depth = least(k - l, TILE_K);
      if (k_step == 1) {
        lines_along_k(&block, from, row_step, count, depth);
      } else {
        lines_across_k(&block, from, k_step, count, depth);
        transpose(block.hi);
        transpose(block.lo);
      }
      float *hi = out + r * deep + l * height;
      put(hi, hi + height * TILE_ROWS, &block, height);
    }
}

/* 16 columns of b, or as many as there are. */
static void pack_block(float *hi, float *lo, const float *x, int k_step, int column_step, int columns, int depth) {
  Block block;
  if (!x || columns <= 0) {
    block = (Block){0};
  } else if (k_step == 1) {
    lines_along_k(&block, x, column_step, columns, depth);
    transpose(block.hi);
    transpose(block.lo);
  } else {
    lines_across_k(&block, x, k_step, columns, depth);
  }
  put(hi, lo, &block, TILE_ROWS);
}

/* One k beside what the block holds already: its half of the pairs' words. */
static void add_to_block(float *hi, float *lo, const float *x, int column_step, int columns, int at) {
  float lane[VW] = {0};
  for (int j = 0; x && j < columns; j++) lane[j] = x[j * column_step];
  const vf value = load(lane), none = splat(0);
  const Parts parts = at & 1 ? split_pairs(none, value) : split_pairs(value, none);
  float *both[] = {hi + at / 2 * TILE_ROWS, lo + at / 2 * TILE_ROWS};
  const vu kept = at & 1 ? (vu)0xffffu : (vu)0xffff0000u;
  store(both[0], (vf)(((vu)load(both[0]) & kept) | parts.hi));
  store(both[1], (vf)(((vu)load(both[1]) & kept) | parts.lo));
}

void pack_piece(float *out, int panel_step, const float *x, int k_step, int column_step, int n, int first, int k) {
  for (int j = 0; j < panels_of(n) * NR; j += TILE_ROWS) {
    float *half = out + j / NR * panel_step + j % NR / TILE_ROWS * TILE_WORDS;
    for (int l = 0, depth; l < k; l += depth) {
      const int at = (first + l) % TILE_K;
      const float *from = x ? x + j * column_step + l * k_step : 0;
      float *hi = half + (first + l - at) * NR, *lo = hi + 2 * TILE_WORDS;
      depth = least(TILE_K - at, k - l);
      if (!at) pack_block(hi, lo, from, k_step, column_step, least(n - j, TILE_ROWS), depth);
      else
        for (int i = 0; i < depth; i++)
          add_to_block(hi, lo, from ? from + i * k_step : 0, column_step, least(n - j, TILE_ROWS), at + i);
    }
  }
}

void pack_panels(float *out, int panel_step, const float *x, int k_step, int column_step, int n, int k) {
  pack_piece(out, panel_step, x, k_step, column_step, n, 0, k);
}

#endif
