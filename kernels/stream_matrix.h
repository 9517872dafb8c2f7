/* A packed matrix times a vector, for the streaming kernels: it knows formats (unrolled.h), and neither cells nor plans. */
#ifndef UNROLLED_STREAM_MATRIX_H
#define UNROLLED_STREAM_MATRIX_H

#include "simd.h"

/* Parts of what is packed begin on a cache line. */
INLINE int64_t line_up(int64_t words) { return (words + 15) / 16 * 16; }

/* Words of weight [rows, columns] packed. */
int64_t stream_matrix_size(int format, int rows, int columns);

/* Row j of the product is row (first + j) % rows of the weight. */
void stream_matrix(float *out, int format, const float *weight, int rows, int columns, int first);

/* Words of scratch for a product with a vector of so many elements. */
INLINE int64_t stream_product_scratch(int columns) { return columns / 2 + VW; }

/* y [rows] = start + weight x; start may be y, or 0 for zeros. y may not be x. */
void stream_product(float *y, const float *start, const float *packed, int format, const float *x, int rows,
                    int columns, float *scratch);

#endif
