/*
 * Runs the kernels of a native build at awkward shapes against plain loops in double. Prints one line; exits with 1
 * when anything differs. The shapes cross every tile and block edge of every vector width.
 */
#include "ops.h"
#include "recurrent.h"
#include "unrolled.h"

/* The rational tanh's greatest error, fit and rounding. */
#define TANH_ERROR 3.1e-7

static const int lengths[] = {0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100};
#define EACH_LENGTH(n) for (int at_ = 0, n = 0; at_ < (int)(sizeof lengths / sizeof *lengths) && (n = lengths[at_], 1); at_++)

#define CHECK(what, got, n, absolute, VALUE)                \
  do {                                                      \
    double *expected_ = zeros(n);                           \
    for (int i = 0; i < (n); i++) expected_[i] = (VALUE);   \
    compare(what, got, expected_, n, absolute);             \
    free(expected_);                                        \
  } while (0)

static void test_elementwise(void) {
  EACH_LENGTH(n) {
    float *a = noisy(n, 3), *b = noisy(n, 3), *y = room(n), factor = 0.5f;
    fill(y, 2.5f, n); CHECK("fill", y, n, 0, 2.5);
    accumulate(y, a, n); CHECK("accumulate", y, n, ABSOLUTE, 2.5 + a[i]);
    copy(y, a, n); CHECK("copy", y, n, 0, a[i]);
    add(y, a, b, n); CHECK("add", y, n, ABSOLUTE, (double)a[i] + b[i]);
    sub(y, a, b, n); CHECK("sub", y, n, ABSOLUTE, (double)a[i] - b[i]);
    mul(y, a, b, n); CHECK("mul", y, n, ABSOLUTE, (double)a[i] * b[i]);
    scale(y, a, -3, n); CHECK("scale", y, n, ABSOLUTE, -3.0 * a[i]);
    scale_by(y, a, &factor, 4, n); CHECK("scale_by", y, n, ABSOLUTE, 2.0 * a[i]);
    sigmoid(y, a, n); CHECK("sigmoid", y, n, TANH_ERROR, ref_sigmoid(a[i]));
    tanh_forward(y, a, n); CHECK("tanh_forward", y, n, TANH_ERROR, tanh(a[i]));
    sigmoid_backward(y, a, b, n); CHECK("sigmoid_backward", y, n, ABSOLUTE, (double)a[i] * b[i] * (1 - (double)b[i]));
    tanh_backward(y, a, b, n); CHECK("tanh_backward", y, n, ABSOLUTE, a[i] * (1 - (double)b[i] * b[i]));
    const double p = 0.3;
    dropout(y, a, 17, 0xfedcba98u, 0, p, n);
    CHECK("dropout", y, n, ABSOLUTE,
          ref_threefry((uint32_t)i >> 1, 17, 0xfedcba98u, i & 1) >= (uint32_t)(p * 4294967296.0) ? a[i] / (1 - p) : 0);
    copy(y, a, n);
    const float clip[] = {0.5f, 0.25f};
    clip_gradient(y, clip, n);
    CHECK("clip_gradient", y, n, 0, a[i] > 0.5f ? 0.25f : a[i] < -0.5f ? -0.25f : a[i] * 0.5f);
    free(a); free(b); free(y);
  }
  const float special[] = {NAN, INFINITY, -INFINITY, 100, -100};
  float *y = room(5);
  tanh_forward(y, special, 5); CHECK("tanh of special values", y, 5, 0, tanh(special[i]));
  sigmoid(y, special, 5); CHECK("sigmoid of special values", y, 5, 1e-43, ref_sigmoid(special[i]));
  free(y);
}

static void test_moves(void) {
  for (int rows = 1; rows < 40; rows += 6)
    for (int cols = 1; cols < 40; cols += 7) {
      const int n = rows * cols, stride = cols + 3;
      float *x = noisy(n, 1), *y = room(n), *wide = noisy(rows * stride, 1);
      swap_axes(y, x, rows, cols, 1); CHECK("swap_axes", y, n, 0, x[i % rows * cols + i / rows]);
      copy_rows(y, cols, wide, stride, rows, cols); CHECK("copy_rows", y, n, 0, wide[i / cols * stride + i % cols]);
      int32_t ids[5];
      for (int i = 0; i < 5; i++) ids[i] = i == 3 ? -1 : (i * 2) % rows;
      float *taken = room(5 * cols);
      gather_rows(taken, x, ids, 5, cols); 
      CHECK("gather_rows", taken, 5 * cols, 0, ids[i / cols] < 0 ? 0 : x[ids[i / cols] * cols + i % cols]);
      double *sums = zeros(n);
      for (int i = 0; i < n; i++) sums[i] = x[i];
      for (int i = 0; i < 5 * cols; i++)
        if (ids[i / cols] >= 0) sums[ids[i / cols] * cols + i % cols] += taken[i] = 1;
      copy(y, x, n);
      scatter_add_rows(y, taken, ids, 5, cols);
      compare("scatter_add_rows", y, sums, n, ABSOLUTE);
      double total = 0, squares = 0, *columns = zeros(cols);
      for (int i = 0; i < n; i++) {
        total += x[i];
        squares += (double)x[i] * x[i];
        columns[i % cols] += x[i];
      }
      float *one = room(1), *across = room(cols);
      sum(one, x, n); compare("sum", one, &total, 1, ABSOLUTE);
      sum_rows(across, x, rows, cols); compare("sum_rows", across, columns, cols, ABSOLUTE);
      double norm = sqrt(squares);
      float clip[2];
      const double factor = norm + 1e-6 > 0.5 ? 0.5 / (norm + 1e-6) : 1;
      clip_norm(one, clip, x, 0.5, n); compare("norm of clip_norm", one, &norm, 1, ABSOLUTE);
      one[0] = clip[0];
      compare("factor of clip_norm", one, &factor, 1, ABSOLUTE);
      free(x); free(y); free(wide); free(taken); free(sums); free(columns); free(one); free(across);
    }
}

static void test_gemm(int m, int n, int k) {
  for (int kind = 0; kind < 12; kind++) {
    const int ta = kind & 1, tb = kind >> 1 & 1, start = kind >> 2;
    float *a = noisy(m * k, 1), *b = noisy(k * n, 1), *bias = noisy(n, 1), *c = room(m * n);
    double *expected = zeros(m * n);
    for (int i = 0; i < m * n; i++) {
      if (start == 2) c[i] = noise(1);
      double total = start == 2 ? c[i] : start == 1 ? bias[i % n] : 0;
      for (int l = 0; l < k; l++)
        total += (double)a[ta ? l * m + i / n : i / n * k + l] * b[tb ? i % n * k + l : l * n + i % n];
      expected[i] = total;
    }
    const int words = (int)gemm_scratch(m, n, k);
    float *scratch = room(words);
    gemm(c, a, b, start == 1 ? bias : 0, m, n, k, ta, tb, start == 2, scratch);
    compare("gemm", c, expected, m * n, ABSOLUTE + k / 16777216.0);
    if (scratch[words] != GUARD) failures++, puts("gemm: wrote beyond its scratch");
    free(a); free(b); free(bias); free(c); free(expected); free(scratch);
  }
}

static void test_loss(int rows, int classes) {
  const int n = rows * classes;
  float *logits = noisy(n, 6), *saved = room(rows), *each = room(rows), *loss = room(1), *d = room(n), upstream = 0.7f;
  int32_t *targets = malloc((size_t)rows * sizeof *targets);
  double *lse = zeros(rows), *losses = zeros(rows), mean = 0;
  for (int r = 0; r < rows; r++) {
    targets[r] = r * 5 % classes;
    for (int j = 0; j < classes; j++) lse[r] += exp(logits[r * classes + j]);
    lse[r] = log(lse[r]);
    losses[r] = lse[r] - logits[r * classes + targets[r]];
    mean += losses[r] / rows;
  }
  cross_entropy(loss, each, saved, logits, targets, rows, classes);
  compare("cross_entropy", loss, &mean, 1, 1e-6);
  compare("cross_entropy's rows", each, losses, rows, 1e-6);
  compare("cross_entropy's log_sum_exp", saved, lse, rows, 1e-6);
  cross_entropy_backward(d, &upstream, saved, logits, targets, rows, classes);
  CHECK("cross_entropy_backward", d, n, 2e-6,
        (exp(logits[i] - lse[i / classes]) - (targets[i / classes] == i % classes)) * 0.7 / rows);
  free(logits); free(saved); free(each); free(loss); free(d); free(targets); free(lse); free(losses);
}

static void test_adam(int decoupled) {
  enum { N = 37 };
  const double lr = 1e-2, b1 = 0.9, b2 = 0.999, eps = 1e-8, decay = 0.1;
  float *p = room(N), *m = room(N), *v = room(N);
  double ep[N], em[N] = {0}, ev[N] = {0};
  float steps = 0;
  for (int i = 0; i < N; i++) ep[i] = p[i] = noise(1), m[i] = v[i] = 0;
  for (int step = 1; step <= 10; step++) {
    float *g = noisy(N, 1);
    adam(p, g, 0, m, v, &steps, lr, b1, b2, eps, decay, decoupled, N);
    for (int i = 0; i < N; i++) {
      if (decoupled) ep[i] *= 1 - lr * decay;
      const double d = g[i] + (decoupled ? 0 : decay * ep[i]);
      em[i] = b1 * em[i] + (1 - b1) * d;
      ev[i] = b2 * ev[i] + (1 - b2) * d * d;
      ep[i] -= lr / (1 - pow(b1, step)) * em[i] / (sqrt(ev[i]) / sqrt(1 - pow(b2, step)) + eps);
    }
    free(g);
  }
  compare("adam's parameters", p, ep, N, ABSOLUTE);
  compare("adam's first moment", m, em, N, ABSOLUTE);
  compare("adam's second moment", v, ev, N, ABSOLUTE);
  free(p); free(m); free(v);
}

/* Bits of `options`: momentum (and nesterov), centered, epsilon inside. */
static void test_other_updates(int options) {
  enum { N = 37 };
  const double lr = 1e-2, decay = 0.1, momentum = options & 1 ? 0.9 : 0, alpha = 0.95, eps = 1e-6, damp = 0.5;
  const int nesterov = options >> 1 & 1, centered = options >> 1 & 1, inside = options >> 2 & 1;
  float *p[3], *s[5], steps[2] = {0};
  double ep[3][N], es[5][N] = {0};
  for (int k = 0; k < 3; k++) {
    p[k] = room(N);
    for (int i = 0; i < N; i++) ep[k][i] = p[k][i] = noise(1);
  }
  for (int k = 0; k < 5; k++) fill(s[k] = room(N), 0, N);
  for (int step = 1; step <= 10; step++) {
    float *g = noisy(N, 1);
    sgd(p[0], g, 0, momentum ? s[0] : 0, steps, lr, momentum, damp, decay, nesterov, N);
    rmsprop(p[1], g, 0, s[1], centered ? s[2] : 0, momentum ? s[3] : 0, lr, alpha, eps, momentum, decay, N);
    adagrad(p[2], g, 0, s[4], steps + 1, lr, 0.1, eps, decay, inside, N);
    for (int i = 0; i < N; i++) {
      const double d0 = g[i] + decay * ep[0][i], d1 = g[i] + decay * ep[1][i], d2 = g[i] + decay * ep[2][i];
      es[0][i] = momentum * es[0][i] + (step == 1 ? 1 : 1 - damp) * d0;
      ep[0][i] -= lr * (!momentum ? d0 : nesterov ? d0 + momentum * es[0][i] : es[0][i]);
      es[1][i] = alpha * es[1][i] + (1 - alpha) * d1 * d1;
      es[2][i] += centered * (1 - alpha) * (d1 - es[2][i]);
      const double u = d1 / (sqrt(es[1][i] - es[2][i] * es[2][i]) + eps);
      es[3][i] = momentum * es[3][i] + u;
      ep[1][i] -= lr * es[3][i];
      es[4][i] += d2 * d2;
      const double rate = lr / (1 + (step - 1) * 0.1);
      ep[2][i] -= rate * d2 / (inside ? sqrt(es[4][i] + eps) : sqrt(es[4][i]) + eps);
    }
    free(g);
  }
  static const char *const names[] = {"sgd", "rmsprop", "adagrad"};
  for (int k = 0; k < 3; k++) compare(names[k], p[k], ep[k], N, ABSOLUTE), free(p[k]);
  for (int k = 0; k < 5; k++) free(s[k]);
}

int main(void) {
  test_elementwise();
  test_moves();
  test_ops();
  for (int m = 1; m <= 29; m += 3)
    for (int n = 1; n <= 70; n += 17) test_gemm(m, n, (m * n) % 23 + 1);
  test_gemm(193, 33, 1025);
  test_gemm(5, 2051, 9);
  test_gemm(2, 64, 1030);
  for (int classes = 1; classes < 40; classes += 4) test_loss(classes % 5 + 1, classes);
  test_adam(0);
  test_adam(1);
  for (int options = 0; options < 8; options++) test_other_updates(options);
  test_recurrent();
  printf("%d values compared, %d failures\n", comparisons, failures);
  return failures ? 1 : 0;
}
