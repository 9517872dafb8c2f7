/*
 * A matrix times one vector reads every weight once, so it takes as long as reading them: narrower weights are the way
 * to a faster one. The weights lie in the order in which they are read: blocks of up to BLOCK vectors of rows, in each
 * one column (or a pair of columns) after the other. Every sum is one accumulator that takes its products in ascending
 * order, begins with `start` and so has the bits of the other kernels' products.
 *
 *   f32   column after column
 *   bf16  the upper halves of f32, rounded to nearest even: a word holds columns 2k (below) and 2k + 1 (above)
 *   int8  round(w / scale) with one scale a row, the row's largest |w| / 127. A pair of columns lies together for each
 *         row. The vector is rounded to int16 in the same way (16 bits by 8, as in TensorFlow Lite), with a largest
 *         value for which no sum can overflow: the sums are exact, and the same on every machine.
 */
#include "stream_matrix.h"
#include "map.h"
#include "unrolled.h"

/* Accumulators that hide the latency of an addition and leave registers for the rest, of 16. */
#define BLOCK 8

/* Enough bits for any h, and no more: 2^31 / (127 * 32767) products fit into a sum. */
#define LARGEST 32767
#define INT_LARGEST 2147483647
#define WEIGHT_LARGEST 127

/* Vectors below this are zeros: its inverse would be infinite. */
#define TINY 1e-30f

typedef int8_t vb __attribute__((ext_vector_type(2 * VW), aligned(1)));
typedef int16_t vh __attribute__((ext_vector_type(2 * VW), aligned(2)));
typedef int16_t half_vh __attribute__((ext_vector_type(VW), aligned(2)));

/* sum + a[2i] b[2i] + a[2i + 1] b[2i + 1] */
INLINE vi add_pairs(vi sum, vh a, vh b) {
#if defined(__wasm__)
  return sum + (vi)__builtin_wasm_dot_s_i32x4_i16x8(a, b);
#elif defined(__AVX512BW__)
  return sum + (vi)__builtin_ia32_pmaddwd512(a, b);
#elif defined(__AVX2__)
  return sum + (vi)__builtin_ia32_pmaddwd256(a, b);
#else
  const vi x = (vi)a, y = (vi)b;
  return sum + (x << 16 >> 16) * (y << 16 >> 16) + (x >> 16) * (y >> 16);
#endif
}

INLINE int vectors_of(int rows) { return (rows + VW - 1) / VW; }
INLINE int blocks_of(int rows) { return (vectors_of(rows) + BLOCK - 1) / BLOCK; }

/* First vector of a block. The last two share what is left, because a block of one or two waits for its additions. */
INLINE int block_start(int rows, int block) {
  const int vectors = vectors_of(rows), blocks = blocks_of(rows);
  if (block == blocks) return vectors;
  if (block == 0 || block < blocks - 1) return block * BLOCK;
  const int before = (blocks - 2) * BLOCK;
  return before + (vectors - before + 1) / 2;
}

/* Words of a vector of rows. */
INLINE int vector_words(int format, int columns) {
  const int even = (columns + 1) & ~1;
  return format == STREAM_F32 ? columns * VW : format == STREAM_BF16 ? even / 2 * VW : even * VW / 4;
}

/* One scale a row, before the blocks. */
INLINE int64_t scales_size(int format, int rows) { return format == STREAM_INT8 ? line_up(vectors_of(rows) * VW) : 0; }

int64_t stream_matrix_size(int format, int rows, int columns) {
  return line_up(scales_size(format, rows) + (int64_t)vectors_of(rows) * vector_words(format, columns));
}

INLINE uint32_t to_bf16(float x) {
  union { float x; uint32_t bits; } u = {.x = x};
  if (x != x) return u.bits >> 16 | 0x40;
  return (u.bits + 0x7fff + (u.bits >> 16 & 1)) >> 16;
}

static float row_scale(const float *row, int columns) {
  float largest = 0;
  for (int k = 0; k < columns; k++) {
    const float size = row[k] < 0 ? -row[k] : row[k];
    if (size > largest) largest = size;
  }
  return largest / WEIGHT_LARGEST;
}

INLINE int8_t to_int8(float x, float scale) {
  if (scale == 0) return 0;
  const float q = __builtin_rintf(x / scale);
  return (int8_t)(q > WEIGHT_LARGEST ? WEIGHT_LARGEST : q < -WEIGHT_LARGEST ? -WEIGHT_LARGEST : q);
}

/* Element `lane` of vector v of n in its block; the row, or 0 for the zeros behind the last. */
static void pack_row(float *block, int format, int n, int v, int lane, const float *row, int columns, float scale) {
  for (int k = 0; k < columns; k++) {
    const float x = row ? row[k] : 0;
    if (format == STREAM_F32) {
      block[(k * n + v) * VW + lane] = x;
    } else if (format == STREAM_BF16) {
      uint32_t *word = (uint32_t *)block + (k / 2 * n + v) * VW + lane;
      *word = k & 1 ? *word | to_bf16(x) << 16 : to_bf16(x);
    } else {
      int8_t *pair = (int8_t *)block + ((k / 2 * n + v) * VW + lane) * 2;
      pair[k & 1] = to_int8(x, scale);
      if (!(k & 1)) pair[1] = 0;
    }
  }
}

void stream_matrix(float *out, int format, const float *weight, int rows, int columns, int first) {
  float *blocks = out + scales_size(format, rows);
  for (int b = 0; b < blocks_of(rows); b++) {
    const int start = block_start(rows, b), n = block_start(rows, b + 1) - start;
    float *block = blocks + start * vector_words(format, columns);
    for (int r = 0; r < n * VW; r++) {
      const int j = start * VW + r;
      const float *row = j < rows ? weight + (first + j) % rows * columns : 0;
      const float scale = row && format == STREAM_INT8 ? row_scale(row, columns) : 0;
      if (format == STREAM_INT8) out[j] = scale;
      pack_row(block, format, n, r / VW, r % VW, row, columns, scale);
    }
  }
}

/* x to int16 in out; what one of them is worth. NaN when x holds anything that is not finite. */
static float to_int16(int16_t *out, const float *x, int columns) {
  const int limit = least(LARGEST, INT_LARGEST / (WEIGHT_LARGEST * columns));
  vf size = splat(0);
  for (int k = 0; k < columns; k += VW) {
    const vi bits = float_to_bits(load_n(x + k, columns - k));
    size = greater_of(size, bits_to_float(bits & 0x7fffffff));
  }
  float largest = 0;
  for (int i = 0; i < VW; i++)
    if (size[i] > largest || size[i] != size[i]) largest = size[i];
  if (largest - largest != 0) return __builtin_nanf("");
  const float inverse = largest < TINY ? 0 : (float)limit / largest;
  const vf magic = splat(0x1.8p23f);
  for (int k = 0; k < columns; k += VW) {
    const vi whole = float_to_bits(load_n(x + k, columns - k) * inverse + magic) - float_to_bits(magic);
    *(half_vh *)(out + k) = __builtin_convertvector(whole, half_vh);
  }
  return largest < TINY ? 0 : largest / (float)limit;
}

/* n is a constant, so the accumulators are registers. */
INLINE void sum_f32(const int n, vf *acc, const float *w, const float *x, int columns) {
  for (int k = 0; k < columns; k++, w += n * VW) {
    const vf xk = splat(x[k]);
    UNROLL for (int v = 0; v < n; v++) acc[v] = fma_(xk, load(w + v * VW), acc[v]);
  }
}

INLINE void sum_bf16(const int n, vf *acc, const float *w, const float *x, int columns) {
  int k = 0;
  for (; k + 2 <= columns; k += 2, w += n * VW) {
    const vf even = splat(x[k]), odd = splat(x[k + 1]);
    UNROLL for (int v = 0; v < n; v++) {
      const vu pair = *(const vu *)(w + v * VW);
      acc[v] = fma_(even, (vf)(pair << 16), acc[v]);
      acc[v] = fma_(odd, (vf)(pair & 0xffff0000u), acc[v]);
    }
  }
  if (k == columns) return;
  const vf last = splat(x[k]);
  UNROLL for (int v = 0; v < n; v++) acc[v] = fma_(last, (vf)(*(const vu *)(w + v * VW) << 16), acc[v]);
}

INLINE void sum_int8(const int n, vi *acc, const int8_t *w, const int32_t *x, int columns) {
  for (int k = 0; k < columns; k += 2, w += n * 2 * VW) {
    const vi pair = (vi)x[k / 2];
    UNROLL for (int v = 0; v < n; v++)
      acc[v] = add_pairs(acc[v], __builtin_convertvector(*(const vb *)(w + v * 2 * VW), vh), (vh)pair);
  }
}

typedef struct {
  float *y;
  const float *start, *weights, *scales, *x;
  int rows, columns; /* rows from here on */
  const int32_t *rounded;
  float worth; /* of one of `rounded` */
} Product;

/* Vector v of n; only the last may be cut short. */
INLINE vf start_of(const Product *p, int n, int v) {
  if (!p->start) return splat(0);
  return v < n - 1 ? load(p->start + v * VW) : load_n(p->start + v * VW, p->rows - v * VW);
}
INLINE void store_sum(const Product *p, int n, int v, vf sum) {
  if (v < n - 1) store(p->y + v * VW, sum);
  else store_n(p->y + v * VW, sum, p->rows - v * VW);
}

INLINE void run(const int n, const int format, const Product *p) {
  vf acc[BLOCK];
  if (format == STREAM_INT8) {
    vi whole[BLOCK];
    UNROLL for (int v = 0; v < n; v++) whole[v] = (vi)0;
    sum_int8(n, whole, (const int8_t *)p->weights, p->rounded, p->columns);
    UNROLL for (int v = 0; v < n; v++)
      acc[v] = fma_(__builtin_convertvector(whole[v], vf), load(p->scales + v * VW) * p->worth, start_of(p, n, v));
  } else {
    UNROLL for (int v = 0; v < n; v++) acc[v] = start_of(p, n, v);
    if (format == STREAM_F32) sum_f32(n, acc, p->weights, p->x, p->columns);
    else sum_bf16(n, acc, p->weights, p->x, p->columns);
  }
  UNROLL for (int v = 0; v < n; v++) store_sum(p, n, v, acc[v]);
}

#define DEFINE_RUN(NAME, FORMAT)                                      \
  static __attribute__((noinline)) void NAME(int n, const Product *p) { \
    switch (n) {                                                      \
      case 1: run(1, FORMAT, p); break;                               \
      case 2: run(2, FORMAT, p); break;                               \
      case 3: run(3, FORMAT, p); break;                               \
      case 4: run(4, FORMAT, p); break;                               \
      case 5: run(5, FORMAT, p); break;                               \
      case 6: run(6, FORMAT, p); break;                               \
      case 7: run(7, FORMAT, p); break;                               \
      case 8: run(8, FORMAT, p); break;                               \
    }                                                                 \
  }
DEFINE_RUN(run_f32, STREAM_F32)
DEFINE_RUN(run_bf16, STREAM_BF16)
DEFINE_RUN(run_int8, STREAM_INT8)

void stream_product(float *y, const float *start, const float *packed, int format, const float *x, int rows,
                    int columns, float *scratch) {
  const float *weights = packed + scales_size(format, rows);
  const float worth = format == STREAM_INT8 ? to_int16((int16_t *)scratch, x, columns) : 0;
  const int blocks = blocks_of(rows), words = vector_words(format, columns);
  for (int block = 0; block < blocks; block++) {
    const int first = block_start(rows, block), row = first * VW;
    const Product p = {.y = y + row,
                       .start = start ? start + row : 0,
                       .weights = weights + first * words,
                       .scales = packed + row,
                       .x = x,
                       .rows = rows - row,
                       .columns = columns,
                       .rounded = (const int32_t *)scratch,
                       .worth = worth};
    const int n = block_start(rows, block + 1) - first;
    if (format == STREAM_F32) run_f32(n, &p);
    else if (format == STREAM_BF16) run_bf16(n, &p);
    else run_int8(n, &p);
  }
}
