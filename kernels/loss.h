#ifndef UNROLLED_LOSS_H
#define UNROLLED_LOSS_H

/* log sum_j exp(x_j), shifted by the largest element so that nothing overflows; a NaN anywhere gives NaN. */
double row_log_sum_exp(const float *x, int n);

#endif
