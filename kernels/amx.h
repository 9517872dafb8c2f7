/*
 * The tile instructions (Intel SDM, volume 2: LDTILECFG, TILELOADD, TDPBF16PS, ...). T, C, A and B are numbers of tile
 * registers, constants from 0 to 7; strides are in bytes. A thread has to configure its tiles before it uses them, and
 * to release them so that the system need not save them any more.
 */
#ifndef UNROLLED_AMX_H
#define UNROLLED_AMX_H

#include "simd.h"

/* What LDTILECFG reads and STTILECFG writes: zeros while nothing is configured. */
typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} __attribute__((aligned(64))) TileConfig;

#ifdef UNROLLED_EMULATE_AMX
#include "amx_emulated.h"
#else
#include <immintrin.h>
#define configure_tiles(CONFIG) _tile_loadconfig(CONFIG)
#define tile_config(CONFIG) _tile_storeconfig(CONFIG)
#define release_configured() _tile_release()
#define tile_load(T, FROM, STRIDE) _tile_loadd(T, FROM, STRIDE)
#define tile_store(T, TO, STRIDE) _tile_stored(T, TO, STRIDE)
/* C [rows, 16] += A [rows, 32] B [32, 16], A and B in bf16, pairs of B's rows interleaved. */
#define tile_product(C, A, B) _tile_dpbf16ps(C, A, B)
#endif

#endif
