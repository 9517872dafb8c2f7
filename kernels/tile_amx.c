/*
 * The micro-kernel for AMX: the products of f32 numbers as three of their bf16 parts, c += a_hi b_lo + a_hi b_hi +
 * a_lo b_hi (the fourth is below f32's rounding; after Henry, Tang and Heinecke, "Leveraging the bfloat16 Artificial
 * Intelligence Datatype For Higher-Precision Computations", 2019). Sums are f32, in one order for every element.
 */
#include "tile.h"

#ifdef UNROLLED_AMX
#include "amx.h"
#include "split.h"

/* Tile registers: sums, tiles of a, tiles of b. */
enum { C00, C01, C10, C11, A0, A1, B0, B1 };

/* A block of a panel: 32 k of its 32 columns. */
#define B_BLOCK (4 * TILE_WORDS)

static void configure(int height) {
  TileConfig now;
  tile_config(&now);
  if (now.rows[C00] == height) return;
  TileConfig wanted = {.palette = 1};
  for (int t = 0; t < 8; t++) {
    wanted.row_bytes[t] = 4 * TILE_WORDS / TILE_ROWS;
    wanted.rows[t] = t < B0 ? height : TILE_ROWS;
  }
  configure_tiles(&wanted);
}

void release_tiles(void) { release_configured(); }

/* Where one tile of sums begins and goes to: `rows` x `width` of it are there. */
typedef struct {
  const Start *start;
  float *c;
  int c_stride, first, panel, column, rows, width;
} Sums;

INLINE const float *sums_row(const Sums *s, int r) {
  return start_row(s->start, s->first + r) + s->panel * s->start->panel_step + s->column;
}

/* The tile that the sums begin from: in its place where it is whole, else from a copy with zeros around it. */
static const float *beginning(const Sums *s, int height, float *copied, int *stride) {
  *stride = s->start->row_step;
  if (s->rows == height && s->width == TILE_ROWS && !s->start->ids) return sums_row(s, 0);
  *stride = TILE_ROWS;
  for (int r = 0; r < height; r++)
    store(copied + r * TILE_ROWS, r < s->rows ? load_n(sums_row(s, r), s->width) : splat(0));
  return copied;
}


/* A row of sums from the operands themselves, hi + lo, in f32. */
static vf plain_row(vf sum, const float *a, const float *b, int height, int k) {
  for (; k > 0; k -= TILE_K, a += 2 * height * TILE_ROWS, b += B_BLOCK)
    for (int p = 0; p < TILE_ROWS; p++) {
      const vu a_hi = (vu)splat(a[p]), a_lo = (vu)splat(a[height * TILE_ROWS + p]);
      const vu b_hi = (vu)load(b + p * TILE_ROWS), b_lo = (vu)load(b + 2 * TILE_WORDS + p * TILE_ROWS);
      sum = fma_(lower_part(a_hi) + lower_part(a_lo), lower_part(b_hi) + lower_part(b_lo), sum);
      sum = fma_(upper_part(a_hi) + upper_part(a_lo), upper_part(b_hi) + upper_part(b_lo), sum);
    }
  return sum;
}

#define INFINITE 0x7f800000

/*
 * Brings a finished tile to its place. A sum that is not finite is made again in f32, because infinity times a part
 * that is zero has made a NaN of what is infinite; a finite one has met none, for it would have kept it.
 */
static void finish(const Sums *s, const float *sums, const float *a, const float *b, int height, int k) {
  vi top = 0;
  for (int r = 0; r < s->rows; r++)
    top = __builtin_elementwise_max(top, float_to_bits(load(sums + r * TILE_ROWS)) & 0x7fffffff);
  const int finite = !__builtin_reduce_or(top >= INFINITE);
  for (int r = 0; r < s->rows; r++) {
    vf row = load(sums + r * TILE_ROWS);
    if (!finite) {
      const vi broken = (float_to_bits(row) & 0x7fffffff) >= INFINITE;
      const vf plain = plain_row(load_n(sums_row(s, r), s->width), a + r * TILE_ROWS, b, height, k);
      row = broken ? plain : row;
    }
    store_n(s->c + r * s->c_stride, row, s->width);
  }
}

INLINE void multiply(const int tall, const int wide) {
  tile_product(C00, A0, B0);
  if (wide) tile_product(C01, A0, B1);
  if (tall) tile_product(C10, A1, B0);
  if (tall && wide) tile_product(C11, A1, B1);
}

/* One or two tiles of rows (tall) by one or two of columns (wide); a_step words between the tiles of rows. */
INLINE void run(const int tall, const int wide, const Sums *s, int height, const float *a, int a_step, const float *b,
                int k) {
  float buffer[4][TILE_WORDS] __attribute__((aligned(64)));
  const int bytes = 4 * TILE_ROWS, a_lo = height * TILE_ROWS, b_lo = 2 * TILE_WORDS;
  int stride;
#define BEGIN(C)                                                            \
  {                                                                         \
    const float *from = beginning(&s[C], height, buffer[C], &stride);       \
    tile_load(C, from, 4 * (long)stride);                                   \
  }
  BEGIN(C00)
  if (wide) BEGIN(C01)
  if (tall) BEGIN(C10)
  if (tall && wide) BEGIN(C11)
#undef BEGIN
  const float *x = a, *y = b;
  _Pragma("clang loop unroll(disable)") for (int left = k; left > 0; left -= TILE_K, x += 2 * a_lo, y += B_BLOCK) {
    tile_load(A0, x, bytes);
    if (tall) tile_load(A1, x + a_step, bytes);
    tile_load(B0, y + b_lo, bytes);
    if (wide) tile_load(B1, y + b_lo + TILE_WORDS, bytes);
    multiply(tall, wide);
    tile_load(B0, y, bytes);
    if (wide) tile_load(B1, y + TILE_WORDS, bytes);
    multiply(tall, wide);
    tile_load(A0, x + a_lo, bytes);
    if (tall) tile_load(A1, x + a_step + a_lo, bytes);
    multiply(tall, wide);
  }
#define END(C, TALL, WIDE)                                                                       \
  {                                                                                              \
    tile_store(C, buffer[C], bytes);                                                             \
    finish(&s[C], buffer[C], a + (TALL) * a_step, b + (WIDE) * TILE_WORDS, height, k);           \
  }
  END(C00, 0, 0)
  if (wide) END(C01, 0, 1)
  if (tall) END(C10, 1, 0)
  if (tall && wide) END(C11, 1, 1)
#undef END
}

#define DEFINE_RUN(NAME, TALL, WIDE)                                                                              \
  static __attribute__((noinline)) void NAME(const Sums *s, int height, const float *a, int a_step, const float *b, \
                                             int k) {                                                             \
    run(TALL, WIDE, s, height, a, a_step, b, k);                                                                  \
  }
DEFINE_RUN(one, 0, 0)
DEFINE_RUN(wide, 0, 1)
DEFINE_RUN(tall, 1, 0)
DEFINE_RUN(square, 1, 1)

void tile_panels(float *c, int c_stride, int c_step, const Start *start, int width, const float *a, const float *b,
                 int b_step, int count, int m, int k) {
  if (!m) return;
  const int height = tile_height(m), a_step = height * padded_k(k), is_wide = width > TILE_ROWS;
  configure(height);
  for (int p = 0; p < count; p++, b += b_step)
    for (int r = 0; r < m; r += 2 * height) {
      const int is_tall = r + height < m;
      Sums sums[4];
      for (int t = 0; t < 4; t++) {
        const int first = r + (t >> 1) * height, column = (t & 1) * TILE_ROWS;
        sums[t] = (Sums){start, c + first * c_stride + p * c_step + column, c_stride, first, p, column,
                         least(m - first, height), least(width - column, TILE_ROWS)};
      }
      const float *tile = a + r * padded_k(k);
      if (is_tall && is_wide) square(sums, height, tile, a_step, b, k);
      else if (is_tall) tall(sums, height, tile, a_step, b, k);
      else if (is_wide) wide(sums, height, tile, a_step, b, k);
      else one(sums, height, tile, a_step, b, k);
    }
}

#endif
