/* Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), VW blocks at a
 * time: the generator of src/core/rng.ts, in which a word is a function of its key and its place alone. */
#ifndef UNROLLED_THREEFRY_H
#define UNROLLED_THREEFRY_H

#include "simd.h"

INLINE vu rotate(vu x, int by) { return (x << (vu)(uint32_t)by) | (x >> (vu)(uint32_t)(32 - by)); }

/* The blocks `first`, first + 1, ..., each with a counter of 64 bits, low word first. */
INLINE void threefry(vu *out0, vu *out1, uint64_t first, uint32_t key0, uint32_t key1) {
  static const int rotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  const uint32_t keys[3] = {key0, key1, 0x1bd11bdau ^ key0 ^ key1};
  const vu low = (vu)(uint32_t)first;
  vu x0;
  UNROLL for (int j = 0; j < VW; j++) x0[j] = (uint32_t)j;
  x0 += low;
  /* A comparison is -1 where it holds: where the low word has wrapped, the high one is greater by one. */
  vu x1 = (vu)(uint32_t)(first >> 32) - (vu)(x0 < low) + (vu)keys[1];
  x0 += (vu)keys[0];
  UNROLL for (int round = 0; round < 20; round++) {
    x0 += x1;
    x1 = rotate(x1, rotations[round % 8]) ^ x0;
    if (round % 4 == 3) {
      const int injection = (round + 1) / 4;
      x0 += (vu)keys[injection % 3];
      x1 += (vu)(keys[(injection + 1) % 3] + (uint32_t)injection);
    }
  }
  *out0 = x0;
  *out1 = x1;
}

#endif
