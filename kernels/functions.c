#include "functions.h"

#if VW == 4
#define EACH(x) {x, x, x, x}
#elif VW == 8
#define EACH(x) {x, x, x, x, x, x, x, x}
#else
#define EACH(x) {x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}
#endif

/* The coefficients of tanh(x / S) / S, S a power of two. */
#define TANH(S)                                                                                                    \
  {.bound = EACH(8.7f * S),                                                                                        \
   .top = EACH(1.0f / S),                                                                                          \
   .p = {EACH(0x1.ba2946p+0f / (S * S)), EACH(0x1.d9ec42p-3f / (S * S * S * S)),                                   \
         EACH(0x1.8df652p-8f / (S * S * S * S * S * S)), EACH(0x1.2f80c8p-15f / (S * S * S * S * S * S * S * S)),  \
         EACH(0x1.9a9cd8p-26f / (S * S * S * S * S * S * S * S * S * S))},                                         \
   .q = {EACH(0x1.ba294cp+0f), EACH(0x1.9d4132p-1f / (S * S)), EACH(0x1.6f3820p-5f / (S * S * S * S)),             \
         EACH(0x1.2c8ac8p-11f / (S * S * S * S * S * S)), EACH(0x1.719316p-20f / (S * S * S * S * S * S * S * S))}}

const TanhConstants tanh_constants = TANH(1.0f);
const TanhConstants sigmoid_constants = TANH(2.0f);

const ExpConstants exp_constants = {
    .top = EACH(89.0f),
    .bottom = EACH(-104.0f),
    /* 1.5 * 2^23: adding it rounds to an integer, left in the low bits. */
    .magic = EACH(12582912.0f),
    .log2e = EACH(1.44269504f),
    .minus_ln2_high = EACH(-0.693145752f),
    .minus_ln2_low = EACH(-1.42860677e-6f),
    .one = EACH(1.0f),
    .p = {EACH(0.5f), EACH(1.0f / 6), EACH(1.0f / 24), EACH(1.0f / 120), EACH(1.0f / 720), EACH(1.0f / 5040)},
};
