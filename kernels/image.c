/* Patches of images as columns of a matrix, so that a convolution is a matrix product; maximum pooling. */
#include "unrolled.h"

/* The outputs o in [first, end) whose input o * stride + offset lies in [0, size). */
typedef struct {
  int first, end;
} Span;

static Span span(int offset, int stride, int size, int outputs) {
  const int first = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  const int room = size - offset;
  int end = room <= 0 ? 0 : (room + stride - 1) / stride;
  if (end > outputs) end = outputs;
  return (Span){first < end ? first : end, end};
}

void im2col(float *columns, const float *x, int c, int h, int w, int kh, int kw, int stride_h, int stride_w, int pad_h,
            int pad_w, int oh, int ow) {
  for (int row = 0; row < c * kh * kw; row++) {
    const int ky = row / kw % kh - pad_h, kx = row % kw - pad_w;
    const float *plane = x + row / (kh * kw) * h * w;
    const Span across = span(kx, stride_w, w, ow);
    for (int y = 0; y < oh; y++, columns += ow) {
      const int iy = y * stride_h + ky;
      if (iy < 0 || iy >= h) {
        fill(columns, 0, ow);
        continue;
      }
      const float *from = plane + iy * w + kx;
      fill(columns, 0, across.first);
      for (int i = across.first; i < across.end; i++) columns[i] = from[i * stride_w];
      fill(columns + across.end, 0, ow - across.end);
    }
  }
}

void col2im(float *x, const float *columns, int c, int h, int w, int kh, int kw, int stride_h, int stride_w, int pad_h,
            int pad_w, int oh, int ow) {
  for (int row = 0; row < c * kh * kw; row++) {
    const int ky = row / kw % kh - pad_h, kx = row % kw - pad_w;
    float *plane = x + row / (kh * kw) * h * w;
    const Span across = span(kx, stride_w, w, ow);
    for (int y = 0; y < oh; y++, columns += ow) {
      const int iy = y * stride_h + ky;
      if (iy < 0 || iy >= h) continue;
      float *to = plane + iy * w + kx;
      for (int i = across.first; i < across.end; i++) to[i * stride_w] += columns[i];
    }
  }
}

void max_pool(float *y, int32_t *argmax, const float *x, int planes, int h, int w, int kh, int kw, int stride_h,
              int stride_w, int pad_h, int pad_w, int oh, int ow) {
  for (int p = 0; p < planes; p++, x += h * w)
    for (int oy = 0; oy < oh; oy++)
      for (int ox = 0; ox < ow; ox++) {
        float largest = -__builtin_inff();
        int at = -1;
        for (int iy = oy * stride_h - pad_h, ky = 0; ky < kh; ky++, iy++)
          for (int ix = ox * stride_w - pad_w, kx = 0; kx < kw; kx++, ix++) {
            if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
            const float v = x[iy * w + ix];
            if (at >= 0 && !(v > largest) && v == v) continue;
            largest = v;
            at = iy * w + ix;
          }
        *y++ = largest;
        *argmax++ = at;
      }
}
