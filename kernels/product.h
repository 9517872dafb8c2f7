/* Block sizes of the matrix products, in elements. */
#ifndef UNROLLED_PRODUCT_H
#define UNROLLED_PRODUCT_H

/* A panel of b (BLOCK_K x NR) and a tile of a (BLOCK_K x MR) share the nearest cache, 32 or 48 kB. */
#define BLOCK_K 512
/* A block of a (BLOCK_M x BLOCK_K) takes a part of the second cache; a multiple of MR. */
#define BLOCK_M 192
/* A block of b (BLOCK_K x BLOCK_N) bounds the scratch for wide matrices, such as large vocabularies. */
#define BLOCK_N 2048

#endif
