/*
 * The tile instructions in software, to test and to measure rounding on processors that lack them; slow, and never in
 * an addon that is shipped. TDPBF16PS as its manual page has it: the even and the odd elements of k are summed apart, by
 * fused multiply-adds from zero, the two sums are added, and that to C; round to nearest even, subnormal numbers are
 * zero on the way in and out. What the processor would refuse (a tile that is not configured, shapes that do not fit)
 * ends the process here too.
 */
#ifndef UNROLLED_AMX_EMULATED_H
#define UNROLLED_AMX_EMULATED_H

#include <xmmintrin.h>

typedef float Lanes __attribute__((ext_vector_type(16)));
typedef uint32_t Words __attribute__((ext_vector_type(16)));

/* What a thread has. */
static _Thread_local struct {
  TileConfig config;
  Words tile[8][16];
} emulated;

#define CHECK(CONDITION) \
  if (!(CONDITION)) __builtin_trap()

INLINE void configure_tiles(const TileConfig *config) {
  for (int t = 0; t < 16; t++) {
    CHECK(t < 8 ? config->rows[t] <= 16 && config->row_bytes[t] <= 64 : !config->rows[t] && !config->row_bytes[t]);
    CHECK(!config->rows[t] == !config->row_bytes[t]);
  }
  CHECK(config->palette == 1 && config->start_row == 0);
  __builtin_memset(&emulated, 0, sizeof emulated);
  emulated.config = *config;
}
INLINE void tile_config(TileConfig *config) { *config = emulated.config; }
INLINE void release_configured(void) { __builtin_memset(&emulated, 0, sizeof emulated); }

INLINE void tile_load(int t, const void *from, long stride) {
  CHECK(emulated.config.rows[t]);
  __builtin_memset(emulated.tile[t], 0, sizeof emulated.tile[t]);
  for (int r = 0; r < emulated.config.rows[t]; r++)
    __builtin_memcpy(&emulated.tile[t][r], (const char *)from + r * stride, emulated.config.row_bytes[t]);
}
INLINE void tile_store(int t, void *to, long stride) {
  CHECK(emulated.config.rows[t]);
  for (int r = 0; r < emulated.config.rows[t]; r++)
    __builtin_memcpy((char *)to + r * stride, &emulated.tile[t][r], emulated.config.row_bytes[t]);
}

#define LOWER(W) ((Lanes)((W) << 16))
#define UPPER(W) ((Lanes)((W) & 0xffff0000u))

/* Four rows at a time: a row's two sums alone would wait for their own multiply-adds. */
static __attribute__((noinline)) void multiply_rows(Words *c, const Words *a, const Words *b, int rows, int pairs) {
  for (int first = 0; first < rows; first += 4) {
    Lanes even[4] = {0}, odd[4] = {0};
    for (int p = 0; p < pairs; p++) {
      const Lanes even_b = LOWER(b[p]), odd_b = UPPER(b[p]);
      UNROLL for (int r = 0; r < 4; r++) {
        const Words pair = (Words)(a[first + r][p]);
        even[r] = __builtin_elementwise_fma(LOWER(pair), even_b, even[r]);
        odd[r] = __builtin_elementwise_fma(UPPER(pair), odd_b, odd[r]);
      }
    }
    UNROLL for (int r = 0; r < 4; r++) c[first + r] = (Words)((Lanes)c[first + r] + (even[r] + odd[r]));
  }
}

/* Subnormals are zeros, exceptions masked, to nearest even. */
#define FLUSHING 0x9fc0u

INLINE void tile_product(int c, int a, int b) {
  const TileConfig *config = &emulated.config;
  const int rows = config->rows[c], pairs = config->rows[b];
  CHECK(rows && pairs && config->rows[a] == rows && c != a && c != b && a != b);
  CHECK(config->row_bytes[a] == 4 * pairs && config->row_bytes[b] == config->row_bytes[c]);
  const unsigned before = _mm_getcsr();
  _mm_setcsr(FLUSHING);
  multiply_rows(emulated.tile[c], emulated.tile[a], emulated.tile[b], rows, pairs);
  _mm_setcsr(before);
}

#endif
