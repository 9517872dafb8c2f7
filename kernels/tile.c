#include "tile.h"

const float zero_panel[NR] = {0};

#ifndef UNROLLED_AMX

/* One tile of ROWS rows and PANELS panels; both are constants, so the accumulators are registers. */
INLINE void run(const int rows, const int panels, float *c, int c_stride, int c_step, const Start *start, int first,
                int panel, const float *a, const float *b, int b_step, int k) {
  vf acc[MR][8];
  UNROLL for (int r = 0; r < rows; r++) {
    const float *s = start_row(start, first + r) + panel * start->panel_step;
    UNROLL for (int p = 0; p < panels; p++, s += start->panel_step) {
      acc[r][2 * p] = load(s);
      acc[r][2 * p + 1] = load(s + VW);
    }
  }
#define STEP(K)                                                 \
  UNROLL for (int p = 0; p < panels; p++) {                     \
    const vf b0 = load(b + p * b_step + (K) * NR);              \
    const vf b1 = load(b + p * b_step + (K) * NR + VW);         \
    UNROLL for (int r = 0; r < rows; r++) {                     \
      const vf x = splat(a[(K) * rows + r]);                    \
      acc[r][2 * p] = fma_(x, b0, acc[r][2 * p]);               \
      acc[r][2 * p + 1] = fma_(x, b1, acc[r][2 * p + 1]);       \
    }                                                           \
  }
  /* The way out between two steps keeps them in basic blocks of their own: within one block, LLVM's WebAssembly
   * backend nests the multiply-adds of an accumulator into one expression, which makes them wait for each other and
   * needs more vectors than there are registers. */
  while (k > 0) {
    STEP(0)
    if (k == 1) break;
    STEP(1)
    a += 2 * rows;
    b += 2 * NR;
    k -= 2;
  }
#undef STEP
  UNROLL for (int r = 0; r < rows; r++)
    UNROLL for (int p = 0; p < panels; p++) {
      float *y = c + r * c_stride + p * c_step;
      store(y, acc[r][2 * p]);
      store(y + VW, acc[r][2 * p + 1]);
    }
}

#define DEFINE_TILE(NAME, ROWS, PANELS)                                                                          \
  static __attribute__((noinline)) void NAME(float *c, int c_stride, int c_step, const Start *start, int first,  \
                                             int panel, const float *a, const float *b, int b_step, int k) {     \
    run(ROWS, PANELS, c, c_stride, c_step, start, first, panel, a, b, b_step, k);                                \
  }

DEFINE_TILE(tile1, 1, 1)
DEFINE_TILE(tile2, 2, 1)
DEFINE_TILE(tile3, 3, 1)
DEFINE_TILE(tile4, 4, 1)
DEFINE_TILE(tile5, 5, 1)
DEFINE_TILE(tile6, 6, 1)
DEFINE_TILE(wide1, 1, 4)
DEFINE_TILE(wide1_3, 1, 3)
DEFINE_TILE(wide2, 2, 2)
#if VW == 16
DEFINE_TILE(tile7, 7, 1)
DEFINE_TILE(tile8, 8, 1)
DEFINE_TILE(tile9, 9, 1)
DEFINE_TILE(tile10, 10, 1)
DEFINE_TILE(tile11, 11, 1)
DEFINE_TILE(tile12, 12, 1)
DEFINE_TILE(wide3, 3, 2)
#endif

/* Rows first.. of one panel; c is the tile itself, start the whole. */
static void tile(int rows, float *c, int c_stride, const Start *start, int first, int panel, const float *a,
                 const float *b, int k) {
#define CASE(N) \
  case N: tile##N(c, c_stride, 0, start, first, panel, a, b, 0, k); break;
  switch (rows) {
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#if VW == 16
    CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#endif
  }
#undef CASE
}

/* A tile of fewer than NR columns: through a buffer, because memory beyond the last column is not ours. */
static void edge(int rows, int width, float *c, int c_stride, const Start *start, int first, int panel, const float *a,
                 const float *b, int k) {
  float buffer[MR * NR];
  for (int r = 0; r < rows; r++) {
    const float *s = start_row(start, first + r) + panel * start->panel_step;
    for (int j = 0; j < NR; j++) buffer[r * NR + j] = j < width ? s[j] : 0;
  }
  const Start copied = {buffer, NR, 0, 0};
  tile(rows, buffer, NR, &copied, 0, 0, a, b, k);
  for (int r = 0; r < rows; r++)
    for (int j = 0; j < width; j++) c[r * c_stride + j] = buffer[r * NR + j];
}

void tile_panels(float *c, int c_stride, int c_step, const Start *start, int width, const float *a, const float *b,
                 int b_step, int count, int m, int k) {
  int p = 0;
  /* Few rows: several panels at once, for enough accumulators. */
#define WIDE(ROWS, PANELS, NAME)                                                                  \
  if (width == NR && m == ROWS)                                                                   \
    for (; p + PANELS <= count; p += PANELS)                                                      \
      NAME(c + p * c_step, c_stride, c_step, start, 0, p, a, b + p * b_step, b_step, k);
  WIDE(1, 4, wide1)
  WIDE(1, 3, wide1_3)
  WIDE(2, 2, wide2)
#if VW == 16
  /* Sixteen registers would be too few. */
  WIDE(3, 2, wide3)
#endif
#undef WIDE
  /* A panel is near, in the first cache or the second, while the tiles of rows pass by. */
  for (; p < count; p++) {
    const float *panel = b + p * b_step;
    for (int r = 0; r < m;) {
      const int rows = tile_rows(m - r);
      float *y = c + r * c_stride + p * c_step;
      if (width == NR) tile(rows, y, c_stride, start, r, p, a + r * k, panel, k);
      else edge(rows, width, y, c_stride, start, r, p, a + r * k, panel, k);
      r += rows;
    }
  }
}

#endif
