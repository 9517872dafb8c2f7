/* Gradients as a clip leaves them: see clip_norm in unrolled.h. */
#ifndef UNROLLED_CLIP_H
#define UNROLLED_CLIP_H

#include "functions.h"

typedef struct {
  vf factor, limit;
} Clip;

INLINE Clip clip_of(const float *clip) {
  return clip ? (Clip){splat(clip[0]), splat(clip[1])} : (Clip){splat(1.0f), splat(__builtin_inff())};
}

/* n <= VW elements. */
INLINE vf clipped(const float *g, int n, Clip clip) {
  return at_least(at_most(load_n(g, n) * clip.factor, clip.limit), -clip.limit);
}

#endif
