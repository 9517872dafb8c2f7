/* Tiles of what is in parts already, transposed: columns become rows, 32 rows become the pairs of 16 words. */
#include "parts.h"

#ifdef UNROLLED_AMX
#include <immintrin.h>

/* Columns at a time: 8 x 8 numbers of 16 bits are a square of 128-bit lanes, and a vector has four of them. */
enum { LANES = 8 };

/* line[c] = column c of 32 rows, row[i] being rows i, 8 + i, 16 + i and 24 + i. */
INLINE void turn(__m512i *line, const __m512i *row) {
  __m512i two[LANES], four[LANES];
  UNROLL for (int i = 0; i < LANES; i += 2) {
    two[i] = _mm512_unpacklo_epi16(row[i], row[i + 1]);
    two[i + 1] = _mm512_unpackhi_epi16(row[i], row[i + 1]);
  }
  UNROLL for (int i = 0; i < LANES; i += 4)
    UNROLL for (int half = 0; half < 2; half++) {
      four[i + 2 * half] = _mm512_unpacklo_epi32(two[i + half], two[i + half + 2]);
      four[i + 2 * half + 1] = _mm512_unpackhi_epi32(two[i + half], two[i + half + 2]);
    }
  UNROLL for (int c = 0; c < LANES; c += 2) {
    line[c] = _mm512_unpacklo_epi64(four[c / 2], four[c / 2 + 4]);
    line[c + 1] = _mm512_unpackhi_epi64(four[c / 2], four[c / 2 + 4]);
  }
}

/* Columns at, at + 1, .. of a row's 32 from x on, and then of its next 32; zeros beyond `count`. */
INLINE __m128i eight(const uint16_t *x, int lo, int at, int count) {
  const unsigned wanted = (1u << least(count, LANES)) - 1, here = wanted & ((1ull << (TILE_K - at)) - 1);
  const uint16_t *next = x + 4 * lo - TILE_K;
  return _mm_mask_loadu_epi16(_mm_maskz_loadu_epi16((__mmask8)here, x + at), (__mmask8)(wanted & ~here), next + at);
}

/* `lines` lines of one part, x[r] its 32 columns in row r: columns at, at + 1, .. where there are so many, then zeros.
 * whole: all eight are there, within the 32. */
INLINE void turn_part(const int whole, float *out, const uint16_t *const *x, const PartsRow *rows, int at, int count,
                      int lines) {
  __m512i row[LANES], line[LANES];
  UNROLL for (int i = 0; i < LANES; i++) {
    __m128i lane[4];
    UNROLL for (int j = 0; j < 4; j++) {
      const int r = i + LANES * j;
      lane[j] = whole ? _mm_loadu_si128((const __m128i *)(x[r] + at)) : eight(x[r], rows[r].lo, at, count);
    }
    const __m512i two = _mm512_inserti32x4(_mm512_castsi128_si512(lane[0]), lane[1], 1);
    row[i] = _mm512_inserti32x4(_mm512_inserti32x4(two, lane[2], 2), lane[3], 3);
  }
  turn(line, row);
  UNROLL for (int c = 0; c < LANES; c++)
    if (whole || c < lines)
      _mm512_storeu_si512(out + c * TILE_ROWS, whole || c < count ? line[c] : _mm512_setzero_si512());
}

void pack_transposed(float *out, const PartsRow *x, int column, int m, int k) {
  const int height = tile_height(m);
  for (int l = 0; l < k; l += TILE_K, x += TILE_K) {
    const uint16_t *from[2][TILE_K];
    for (int r = 0, group = -1; r < m; r += height)
      for (int c = 0; c < height; c += LANES) {
        const int first = column + r + c, at = first % TILE_K, count = least(m - r, height) - c;
        if (group != first / TILE_K) {
          group = first / TILE_K;
          for (int i = 0; i < TILE_K; i++) {
            from[0][i] = (const uint16_t *)(x[i].hi + group * 2 * x[i].lo);
            from[1][i] = from[0][i] + 2 * x[i].lo;
          }
        }
        float *to = out + r * padded_k(k) + l * height + c * TILE_ROWS;
        for (int part = 0; part < 2; part++, to += height * TILE_ROWS) {
          if (at + LANES <= TILE_K && count >= LANES) turn_part(1, to, from[part], x, at, LANES, LANES);
          else turn_part(0, to, from[part], x, at, most(count, 0), height - c);
        }
      }
  }
}

#endif
