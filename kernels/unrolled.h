/*
 * The kernels of Unrolled: one source for every CPU, the vector width a build parameter (simd.h).
 *
 * Conventions, for every function here:
 *  - A pointer is an address on the linear heap, aligned to 64 bytes where the heap allocated it; views into a
 *    tensor may be aligned to 4 bytes only. 0 stands for "absent" where the comment allows it.
 *  - Matrices are row-major and dense unless a stride is given. Sizes are counted in elements (4-byte words).
 *  - No function allocates or keeps anything: scratch is given by the caller, who asked `*_scratch` for its size
 *    in words, a whole number that may be more than an int or the heap holds. Outputs may not alias inputs unless the comment says so.
 *  - Lines that begin with //@ say how many words each pointer reaches: `y n`, or `?y n` where 0 stands for absent; and
 *    what holds for a number, after its name. The addon refuses everything else before it calls (native/extents.h has the
 *    functions). What is told by values only stays with the caller: ids, and how many rows a table has.
 *  - Any size from 0 (where it makes sense) up works, not only multiples of a tile.
 *  - Sums over an inner dimension run in ascending order with one accumulator for each output element, so that bits do
 *    not depend on tile shapes, on the batch size or on how time is cut into chunks. Products are of f32 numbers, or,
 *    in the build for AMX, of their bf16 parts (tile_amx.c).
 */
#ifndef UNROLLED_H
#define UNROLLED_H

#include <stdint.h>

/* ---- elementwise (n elements); y may alias an input ------------------------------------------------------- */
//@ y n
void fill(float *y, float value, int n);
//@ y n; x n
void copy(float *y, const float *x, int n);
//@ y n; a n; b n
void add(float *y, const float *a, const float *b, int n);
//@ y n; a n; b n
void sub(float *y, const float *a, const float *b, int n);
//@ y n; a n; b n
void mul(float *y, const float *a, const float *b, int n);
//@ y n; x n
void scale(float *y, const float *x, float factor, int n);            /* y = x * factor */
//@ y n; x n; factor 1
void scale_by(float *y, const float *x, const float *factor, float constant, int n); /* y = x * factor[0] * constant */
//@ y n; x n
void accumulate(float *y, const float *x, int n);                      /* y += x */
//@ y n; x n
void sigmoid(float *y, const float *x, int n);
//@ dx n; dy n; y n
void sigmoid_backward(float *dx, const float *dy, const float *y, int n); /* dx = dy*y*(1-y) */
//@ y n; x n
void tanh_forward(float *y, const float *x, int n);
//@ dx n; dy n; y n
void tanh_backward(float *dx, const float *dy, const float *y, int n);    /* dx = dy*(1-y*y) */

/* Inverted dropout: y = keep ? x / (1 - p) : 0. The n elements are those from index `start` on of a mask of up to 2^53
 * elements. The element of index g in the mask is kept when word (g & 1) of threefry2x32(counter = g >> 1 as two words,
 * low first; key = (seed0, seed1)) is >= threshold, threshold = floor(p * 2^32) (see src/core/rng.ts). So a mask may be
 * split into calls anywhere. The same call on dy gives dx. y may alias x. */
//@ start is_index(start, n); y n; x n
void dropout(float *y, const float *x, uint32_t seed0, uint32_t seed1, double start, double p, int n);

/* Standard normal numbers, the n from index `start` on of a sequence of up to 2^53 numbers. Those of index 2 b and 2 b + 1
 * are r cos(angle) and r sin(angle), r = sqrt(-2 ln((w0 + 1/2) / 2^32)), angle = 2 pi w1 / 2^32 (Box and Muller, 1958),
 * with the words w0 and w1 of threefry2x32(counter = b as two words, low first; key = (seed0, seed1)). So a sequence may be
 * split into calls anywhere. The bits are the same in every build. */
//@ start is_index(start, n); y n
void random_normal(float *y, uint32_t seed0, uint32_t seed1, double start, int n);

/* ---- moving things ---------------------------------------------------------------------------------------- */
/* rows x cols, each side with a row stride. */
//@ y strided(rows, y_stride, cols); x strided(rows, x_stride, cols)
void copy_rows(float *y, int y_stride, const float *x, int x_stride, int rows, int cols);
/* x [a, b, inner] -> y [b, a, inner]; works on words of any type. */
//@ y a * b * inner; x a * b * inner
void swap_axes(float *y, const float *x, int a, int b, int inner);
/* y[i, :] = table[ids[i], :], zeros where ids[i] < 0; the upper bound was checked by the caller. */
//@ y n * width; table 1; ids n
void gather_rows(float *y, const float *table, const int32_t *ids, int n, int width);
/* table[ids[i], :] += dy[i, :], i ascending; skipped where ids[i] < 0. */
//@ table 1; dy n * width; ids n
void scatter_add_rows(float *table, const float *dy, const int32_t *ids, int n, int width);

/* ---- reductions -------------------------------------------------------------------------------------------- */
//@ y 1; x n
void sum(float *y, const float *x, int n);                        /* y[0], added in double */
//@ y cols; x rows * cols
void sum_rows(float *y, const float *x, int rows, int cols);      /* y[c] = sum over r of x[r, c] */

/* ---- matrix product ---------------------------------------------------------------------------------------- */
/* Words of scratch for gemm. */
double gemm_scratch(int m, int n, int k);
/* c [m, n] (+)= op(a) op(b), op = transpose when the flag is set: a is [m, k] or [k, m], b is [k, n] or [n, k].
 * accumulate 0 overwrites c, 1 adds to it. row_bias [n] or 0: c starts from it (with accumulate 0). */
//@ c m * n; a m * k; b k * n; ?row_bias n; scratch gemm_scratch(m, n, k)
void gemm(float *c, const float *a, const float *b, const float *row_bias, int m, int n, int k, int transpose_a,
          int transpose_b, int accumulate, float *scratch);

/* ---- cross-entropy over rows of logits [rows, classes] ---------------------------------------------------- */
/* log_sum_exp [rows]: saved for backward. loss[0] = mean over rows of (log_sum_exp - logit of the target). Added in double.
 * row_loss [rows] or 0: each row's loss. */
//@ loss 1; ?row_loss rows; log_sum_exp rows; logits rows * classes; targets rows
void cross_entropy(float *loss, float *row_loss, float *log_sum_exp, const float *logits, const int32_t *targets, int rows,
                   int classes);
/* dlogits = (softmax(logits) - onehot) * d_loss[0] / rows; may alias logits. */
//@ dlogits rows * classes; d_loss 1; log_sum_exp rows; logits rows * classes; targets rows
void cross_entropy_backward(float *dlogits, const float *d_loss, const float *log_sum_exp, const float *logits,
                            const int32_t *targets, int rows, int classes);

/* ---- recurrent layers over time ---------------------------------------------------------------------------- */
/*
 * One family for all cells; `cell` says which (equations: src/backend/reference/). G counts the gates of the weights
 * (rows of weight_ih [G H, I] and weight_hh [G H, S]), K the values saved for backward for each unit, D the gradients
 * of sums for each unit. S = projection ? projection : hidden is the size of h.
 *
 *   cell            G  K  saved in `gates`            D  `dgates`
 *   0 RNN, tanh     1  0  -                           1  z
 *   1 RNN, relu     1  0  -                           1  z
 *   2 LSTM          4  4  i f g o (PyTorch's order)   4  i f g o
 *   3 GRU, after    3  4  n r z q                     4  n r z q    q = W_hn h' + b_hn, n = tanh(x part + r q): PyTorch
 *   4 GRU, before   3  3  r z n                       3  r z n      n = tanh(W_in x + W_hn (r h') + biases): the lecture
 *
 * The weights of GRUs are in PyTorch's order r z n. Only the LSTM may have a projection: h = weight_hr (o tanh(c)),
 * weight_hr [P, H].
 *
 * Sequences lie one step after another. Either all t steps have b rows (rows == 0), or step s has rows[s], which never
 * rise, with rows[0] == b and rows[t-1] >= 1: sequences sorted by length, without padding. n is the number of rows of
 * all steps together. Row r of step s+1 goes on from row r of step s.
 */
enum cell_kinds { RNN_TANH, RNN_RELU, LSTM, GRU_AFTER, GRU_BEFORE };

/* Words of what recurrent_pack packs. */
//@ cell is_cell(cell)
double recurrent_pack_size(int cell, int inputs, int hidden, int projection, int has_ids);
/* Weights in the order that the forward kernels read, made once per update. With ids the input's share is a table of
 * one row for each id, biases added. Biases may be 0; weight_hr is 0 unless there is a projection. */
//@ cell is_cell(cell); weight_ih gates_of(cell) * hidden * inputs;
//@ weight_hh gates_of(cell) * hidden * state_of(hidden, projection);
//@ ?bias_ih gates_of(cell) * hidden; ?bias_hh gates_of(cell) * hidden; weight_hr projection * hidden;
//@ packed recurrent_pack_size(cell, inputs, hidden, projection, has_ids)
void recurrent_pack(float *packed, int cell, const float *weight_ih, const float *weight_hh, const float *bias_ih,
                    const float *bias_hh, const float *weight_hr, int inputs, int hidden, int projection, int has_ids);

/* Words of scratch for recurrent_forward. */
//@ cell is_cell(cell)
double recurrent_forward_scratch(int cell, int t, int b, int inputs, int hidden, int projection, int has_ids);
/* x [n, I] or ids [n]: exactly one, the other 0. h0 [b, S], c0 [b, H] (LSTM): 0 means zeros.
 * Outputs: h [n, S]; c [n, H] for the LSTM, else 0; gates [n, K H], 0 where they are not wanted: only backward needs
 * them, and without them less memory is written. */
//@ cell is_cell(cell); t t > 0; ?rows t; b rows_of(rows, t, b) > 0;
//@ h rows_of(rows, t, b) * state_of(hidden, projection); c cell == LSTM ? rows_of(rows, t, b) * hidden : 0;
//@ ?gates rows_of(rows, t, b) * saved_of(cell) * hidden; ?x rows_of(rows, t, b) * inputs; ?ids rows_of(rows, t, b);
//@ inputs !x != !ids; ?h0 b * state_of(hidden, projection); ?c0 b * hidden;
//@ packed recurrent_pack_size(cell, inputs, hidden, projection, ids != 0);
//@ scratch recurrent_forward_scratch(cell, t, b, inputs, hidden, projection, ids != 0)
void recurrent_forward(int cell, float *h, float *c, float *gates, const float *x, const int32_t *ids,
                       const int32_t *rows, const float *h0, const float *c0, const float *packed, int t, int b,
                       int inputs, int hidden, int projection, float *scratch);

/* Words of what recurrent_pack_backward packs. */
//@ cell is_cell(cell)
double recurrent_pack_backward_size(int cell, int hidden, int projection);
/* The recurrent weights in the order that backward reads, made once per update. */
//@ cell is_cell(cell); weight_hh gates_of(cell) * hidden * state_of(hidden, projection);
//@ weight_hr projection * hidden;
//@ packed recurrent_pack_backward_size(cell, hidden, projection)
void recurrent_pack_backward(float *packed, int cell, const float *weight_hh, const float *weight_hr, int hidden,
                             int projection);

/* Words of the `parts` of recurrent_backward: 0 in all builds but that for AMX. */
//@ cell is_cell(cell)
double recurrent_parts_size(int cell, int n, int hidden);
/* Words of scratch for recurrent_backward. */
//@ cell is_cell(cell)
double recurrent_backward_scratch(int cell, int t, int b, int hidden, int projection);
/* From the last step to the first. dh [n, S] or 0; dh_last [b, S], dc_last [b, H] or 0: added at each row's last step.
 * Outputs: dgates [n, D H]; dprojected [n, P], the whole gradient of h at each step (only with a projection, else 0);
 * dh0 [b, S], dc0 [b, H] or 0 (not wanted).
 * parts: where the build for AMX keeps the bf16 parts of dgates, or 0. Given to recurrent_weight_gradients with the same
 * rows and b, they save that from splitting dgates again; bits are the same without. */
//@ cell is_cell(cell); t t > 0; ?rows t; b rows_of(rows, t, b) > 0;
//@ dgates rows_of(rows, t, b) * sums_of(cell) * hidden; dprojected rows_of(rows, t, b) * projection;
//@ ?parts recurrent_parts_size(cell, rows_of(rows, t, b), hidden); ?dh0 b * state_of(hidden, projection);
//@ ?dc0 b * hidden; ?dh rows_of(rows, t, b) * state_of(hidden, projection);
//@ ?dh_last b * state_of(hidden, projection); ?dc_last b * hidden;
//@ h rows_of(rows, t, b) * state_of(hidden, projection);
//@ c cell == LSTM ? rows_of(rows, t, b) * hidden : 0; gates rows_of(rows, t, b) * saved_of(cell) * hidden;
//@ ?h0 b * state_of(hidden, projection); ?c0 b * hidden;
//@ packed recurrent_pack_backward_size(cell, hidden, projection);
//@ scratch recurrent_backward_scratch(cell, t, b, hidden, projection)
void recurrent_backward(int cell, float *dgates, float *parts, float *dprojected, float *dh0, float *dc0,
                        const float *dh, const float *dh_last, const float *dc_last, const float *h, const float *c,
                        const float *gates, const int32_t *rows, const float *h0, const float *c0, const float *packed,
                        int t, int b, int hidden, int projection, float *scratch);

/* Words of scratch for recurrent_input_gradient. */
//@ cell is_cell(cell)
double recurrent_input_gradient_scratch(int cell, int n, int inputs, int hidden);
/* dx [n, I] from dgates. */
//@ cell is_cell(cell); dx n * inputs; dgates n * sums_of(cell) * hidden; weight_ih gates_of(cell) * hidden * inputs;
//@ scratch recurrent_input_gradient_scratch(cell, n, inputs, hidden)
void recurrent_input_gradient(int cell, float *dx, const float *dgates, const float *weight_ih, int n, int inputs,
                              int hidden, float *scratch);

/* Words of scratch for recurrent_weight_gradients. */
//@ cell is_cell(cell)
double recurrent_weight_gradients_scratch(int cell, int n, int inputs, int hidden, int projection, int has_ids);
/* All weight gradients of a layer, each one product over the n rows. Outputs, overwritten: dweight_ih, dweight_hh,
 * dbias_ih, dbias_hh [G H] (either may be 0), dweight_hr [P, H] or 0. h, c, gates, x, ids, rows, h0 as in forward; parts
 * as recurrent_backward left them, or 0. */
//@ cell is_cell(cell); t t > 0; ?rows t; n n > 0 && n == rows_of(rows, t, b);
//@ dweight_ih gates_of(cell) * hidden * inputs;
//@ dweight_hh gates_of(cell) * hidden * state_of(hidden, projection); ?dbias_ih gates_of(cell) * hidden;
//@ ?dbias_hh gates_of(cell) * hidden; ?dweight_hr projection * hidden; dgates n * sums_of(cell) * hidden;
//@ ?parts recurrent_parts_size(cell, n, hidden); dprojected n * projection; h n * state_of(hidden, projection);
//@ c projection ? n * hidden : 0; gates cell >= GRU_AFTER ||  projection ? n * saved_of(cell) * hidden : 0;
//@ ?x n * inputs; ?ids n; inputs !x != !ids; ?h0 b * state_of(hidden, projection);
//@ scratch recurrent_weight_gradients_scratch(cell, n, inputs, hidden, projection, ids != 0)
void recurrent_weight_gradients(int cell, float *dweight_ih, float *dweight_hh, float *dbias_ih, float *dbias_hh,
                                float *dweight_hr, const float *dgates, const float *parts, const float *dprojected,
                                const float *h, const float *c, const float *gates, const float *x, const int32_t *ids,
                                const int32_t *rows, const float *h0, int t, int b, int n, int inputs, int hidden,
                                int projection, float *scratch);

/* ---- one step of one sequence: streaming ---------------------------------------------------------------------- */
/* How streams hold their weights: as they are, in the upper half of float32, or in whole numbers with a scale a row. */
enum weight_formats { STREAM_F32, STREAM_BF16, STREAM_INT8 };
/*
 * A whole stack of layers at batch 1, all of one cell and size, with an embedding before it and a linear layer behind it
 * where there are any: weights packed once in one of three formats (stream_matrix.c), one call a step. `plan` describes
 * it in 8 words, whose places these are.
 */
enum stream_plan {
  PLAN_FORMAT,
  PLAN_CELL,
  PLAN_LAYERS,
  PLAN_SYMBOLS,    /* how many ids there are, 0 when the inputs are values */
  PLAN_INPUTS,     /* features of a value or of an embedding, 0 when ids go in one-hot (a table of rows, always in f32) */
  PLAN_HIDDEN,
  PLAN_PROJECTION, /* 0 without one */
  PLAN_OUTPUTS     /* rows of the linear layer, 0 without one */
};
/* Words of the packed weights of a whole stack. */
//@ plan 8; plan is_plan(plan) ? 8 : NEVER
double stream_size(const int32_t *plan);
/* Words of scratch for stream_pack_layer and stream_step. */
//@ plan 8; plan is_plan(plan) ? 8 : NEVER
double stream_scratch(const int32_t *plan);
/* embedding [symbols, inputs], head [outputs, S], head_bias [outputs]: 0 where there is none. */
//@ plan 8; plan is_plan(plan) ? 8 : NEVER; packed stream_size(plan); ?embedding (double)plan[PLAN_SYMBOLS] * plan[PLAN_INPUTS];
//@ ?head plan[PLAN_OUTPUTS] * plan_state(plan); ?head_bias plan[PLAN_OUTPUTS]
void stream_pack_ends(float *packed, const int32_t *plan, const float *embedding, const float *head,
                      const float *head_bias);
/* Of a layer from 0 up; biases may be 0. */
//@ plan 8; plan is_plan(plan) ? 8 : NEVER; layer layer >= 0 && layer < plan[PLAN_LAYERS]; packed stream_size(plan);
//@ weight_ih plan_units(plan) * plan_features(plan, layer); weight_hh plan_units(plan) * plan_state(plan);
//@ ?bias_ih plan_units(plan); ?bias_hh plan_units(plan);
//@ weight_hr (double)plan[PLAN_PROJECTION] * plan[PLAN_HIDDEN]; scratch stream_scratch(plan)
void stream_pack_layer(float *packed, const int32_t *plan, int layer, const float *weight_ih, const float *weight_hh,
                       const float *bias_ih, const float *bias_hh, const float *weight_hr, float *scratch);
/* state: h [layers, S], then c [layers, H] for the LSTM, changed in place. Either id or x [inputs] is read, as the plan
 * says. y [outputs], or without a linear layer the top layer's h [S]. */
//@ plan 8; plan is_plan(plan) ? 8 : NEVER; y plan[PLAN_OUTPUTS] ? plan[PLAN_OUTPUTS] : plan_state(plan);
//@ state plan_states(plan); packed stream_size(plan);
//@ id !plan[PLAN_SYMBOLS] ||  (id >= 0 && id < plan[PLAN_SYMBOLS]);
//@ x plan[PLAN_SYMBOLS] ? 0 : plan[PLAN_INPUTS]; scratch stream_scratch(plan)
void stream_step(float *y, float *state, const int32_t *plan, const float *packed, int id, const float *x,
                 float *scratch);

/* ---- elementwise functions and operands of any stride ------------------------------------------------------ */
/* Functions of one variable, x; two have parameters. */
enum unary {
  UNARY_EXP, UNARY_LOG, UNARY_SQRT, UNARY_ABS, UNARY_RELU, UNARY_SOFTPLUS, UNARY_SQUARE,
  UNARY_CLAMP, /* to [p, q] */
  UNARY_POW    /* x^p */
};
/* y = f(x), f of the kind. */
//@ y n; x n
void unary(int kind, float *y, const float *x, float p, float q, int n); /* y may alias x */
/* dx = dy * f'(x). z is y = f(x) for exp and sqrt and x for all others. dx may alias dy or z. */
//@ dx n; dy n; z n
void unary_backward(int kind, float *dx, const float *dy, const float *z, float p, float q, int n);

/* Functions of two variables. */
enum binary {
  BINARY_ADD, BINARY_SUB, BINARY_MUL, BINARY_DIV, BINARY_MAXIMUM, BINARY_MINIMUM,
  BINARY_EQUAL,         /* 1 or 0 */
  BINARY_EQUAL_INTEGERS /* the same of words that are integers */
};
/* Operands over four axes of n0..n3 elements: element (i0, i1, i2, i3) of a lies at the sum of i * a_stride, in words;
 * a stride of 0 repeats (broadcasts). y is dense and may not alias. */
//@ y n0 * n1 * n2 * n3; a reach(n0, n1, n2, n3, a0, a1, a2, a3); b reach(n0, n1, n2, n3, b0, b1, b2, b3)
void binary(int kind, float *y, const float *a, const float *b, int n0, int n1, int n2, int n3, int a0, int a1, int a2,
            int a3, int b0, int b1, int b2, int b3);
/* Functions of three variables. */
enum ternary {
  TERNARY_SELECT,       /* a's word is not 0 ? b : c; a is words of any type */
  TERNARY_MAXIMUM_GRAD, /* a times the derivative of max(b, c) by b: 1, 1/2 where equal, 0 where b < c */
  TERNARY_MINIMUM_GRAD,
  TERNARY_DIV_GRAD      /* -a * b / c: the gradient of the divisor c from that of the quotient b */
};
/* Operands as of `binary`. */
//@ y n0 * n1 * n2 * n3; a reach(n0, n1, n2, n3, a0, a1, a2, a3); b reach(n0, n1, n2, n3, b0, b1, b2, b3);
//@ c reach(n0, n1, n2, n3, c0, c1, c2, c3)
void ternary(int kind, float *y, const float *a, const float *b, const float *c, int n0, int n1, int n2, int n3, int a0,
             int a1, int a2, int a3, int b0, int b1, int b2, int b3, int c0, int c1, int c2, int c3);
/* y = x, both with strides, which may be negative. Works on words of any type. */
//@ y behind(n0, n1, n2, n3, y0, y1, y2, y3) .. ahead(n0, n1, n2, n3, y0, y1, y2, y3);
//@ x behind(n0, n1, n2, n3, x0, x1, x2, x3) .. ahead(n0, n1, n2, n3, x0, x1, x2, x3)
void move_strided(float *y, const float *x, int n0, int n1, int n2, int n3, int y0, int y1, int y2, int y3, int x0,
                  int x1, int x2, int x3);
/* x [rows, n], ids [rows, k] -> y [rows, k]: y[r, j] = x[r, ids[r, j]], 0 where the id is negative. */
//@ y rows * k; x rows * n; ids rows * k
void take_along(float *y, const float *x, const int32_t *ids, int rows, int n, int k);
/* x[r, ids[r, j]] += y[r, j], j ascending; skipped where the id is negative. */
//@ x rows * n; y rows * k; ids rows * k
void scatter_add_along(float *x, const float *y, const int32_t *ids, int rows, int n, int k);

/* ---- along one axis ------------------------------------------------------------------------------------------ */
/* What `reduce` makes of the elements along an axis. */
enum reduce { REDUCE_SUM, REDUCE_MAX };
/* x [outer, n, inner] -> y [outer, inner]. Contiguous sums (inner 1) are added in double. NaN makes a maximum NaN;
 * a maximum needs n > 0. */
//@ y outer * inner; x outer * n * inner
void reduce(int kind, float *y, const float *x, int outer, int n, int inner);
/* x [outer, n, inner] -> y [outer, inner]: the index along n of the greatest element, the first of equals. NaN is greater
 * than everything else, as in PyTorch. Needs n > 0. */
//@ n n > 0; y outer * inner; x outer * n * inner
void argmax(int32_t *y, const float *x, int outer, int n, int inner);
/* Over the rows of x [rows, n]: y = softmax(x), or its logarithm when `logarithm` is set. y may alias x. */
//@ y rows * n; x rows * n
void softmax(float *y, const float *x, int logarithm, int rows, int n);
/* From y: dx = y * (dy - sum(dy * y)), or with the logarithm dx = dy - exp(y) * sum(dy). dx may alias dy or y. */
//@ dx rows * n; dy rows * n; y rows * n
void softmax_backward(float *dx, const float *dy, const float *y, int logarithm, int rows, int n);
/* Layer normalization (Ba, Kiros and Hinton 2016): y = (x - mean) * deviation * gain + bias over rows of x [rows, n],
 * deviation = 1 / sqrt(biased variance + epsilon). gain, bias [n] or 0. mean, deviation [rows]: saved for backward. */
//@ y rows * n; mean rows; deviation rows; x rows * n; ?gain n; ?bias n
void layer_norm(float *y, float *mean, float *deviation, const float *x, const float *gain, const float *bias,
                double epsilon, int rows, int n);
/* dx, dgain, dbias are overwritten; each may be 0 (not wanted). */
//@ ?dx rows * n; ?dgain n; ?dbias n; dy rows * n; x rows * n; mean rows; deviation rows; ?gain n
void layer_norm_backward(float *dx, float *dgain, float *dbias, const float *dy, const float *x, const float *mean,
                         const float *deviation, const float *gain, int rows, int n);

/* ---- attention over a memory ---------------------------------------------------------------------------------- */
/* How the score of a place comes from a query q and the place's key k. */
enum attention_scores {
  ATTENTION_ADDITIVE, /* v . tanh(q + k): Bahdanau, Cho and Bengio 2015 */
  ATTENTION_DOT       /* factor * q . k: Luong, Pham and Manning 2015 */
};
/* b sequences with a memory of s places each, t queries for each sequence. Only the first lengths[i] places of sequence i
 * are read; lengths 0: all of them.
 * weights [b, t, s] = softmax over the places of the scores of query [b, t, a] and keys [b, s, a], 0 where a place does
 * not count; context [b, t, h] = the sum over the places of weight * value, values [b, s, h]. v [a] is 0 for dot. */
//@ kind kind == ATTENTION_ADDITIVE ||  kind == ATTENTION_DOT; context b * t * h; weights b * t * s; query b * t * a;
//@ keys b * s * a; values b * s * h; v kind == ATTENTION_ADDITIVE ? a : 0; ?lengths b; s are_lengths(lengths, b, s)
void attention(int kind, float *context, float *weights, const float *query, const float *keys, const float *values,
               const float *v, const int32_t *lengths, float factor, int b, int t, int s, int a, int h);
/* From the weights of forward and the gradients of its results, of which either may be 0. dquery is overwritten; to dkeys,
 * dvalues and dv, of the places that count, is added. Each may be 0 (not wanted). scratch [s]. */
//@ kind kind == ATTENTION_ADDITIVE ||  kind == ATTENTION_DOT; ?dquery b * t * a; ?dkeys b * s * a;
//@ ?dvalues b * s * h; ?dv a; ?dcontext b * t * h; ?dweights b * t * s; query b * t * a; keys b * s * a;
//@ values b * s * h; v kind == ATTENTION_ADDITIVE ? a : 0; weights b * t * s; ?lengths b;
//@ s are_lengths(lengths, b, s); scratch s
void attention_backward(int kind, float *dquery, float *dkeys, float *dvalues, float *dv, const float *dcontext,
                        const float *dweights, const float *query, const float *keys, const float *values,
                        const float *v, const float *weights, const int32_t *lengths, float factor, int b, int t,
                        int s, int a, int h, float *scratch);

/* ---- images: one [channels, height, width] at a time ---------------------------------------------------------- */
/* columns [c * kh * kw, oh * ow]: the patch under every output, zeros where it hangs over the edge. */
//@ columns c * kh * kw * oh * ow; x c * h * w
void im2col(float *columns, const float *x, int c, int h, int w, int kh, int kw, int stride_h, int stride_w, int pad_h,
            int pad_w, int oh, int ow);
/* x [c, h, w] += columns, each at its place. */
//@ x c * h * w; columns c * kh * kw * oh * ow
void col2im(float *x, const float *columns, int c, int h, int w, int kh, int kw, int stride_h, int stride_w, int pad_h,
            int pad_w, int oh, int ow);
/* y [planes, oh, ow] and where in its plane the maximum lies, argmax likewise: the first of equals, the last NaN, as
 * PyTorch chooses. Padding is never chosen. */
//@ y planes * oh * ow; argmax planes * oh * ow; x planes * h * w
void max_pool(float *y, int32_t *argmax, const float *x, int planes, int h, int w, int kh, int kw, int stride_h,
              int stride_w, int pad_h, int pad_w, int oh, int ow);

/* ---- cross-entropy with class weights, ignored rows and smoothed labels -------------------------------------- */
/* row_loss [rows] = (1 - smoothing) * w[t] * (lse - x[t]) + smoothing / classes * sum_c w[c] * (lse - x[c]);
 * row_weight [rows] = w[t]; both 0 where the target t is `ignored`. weights [classes] or 0 (all 1). lse as above. */
//@ row_loss rows; row_weight rows; log_sum_exp rows; logits rows * classes; targets rows;
//@ ?weights classes
void cross_entropy_rows(float *row_loss, float *row_weight, float *log_sum_exp, const float *logits,
                        const int32_t *targets, const float *weights, int ignored, double smoothing, int rows,
                        int classes);
/* dlogits [rows, classes] from d_row [rows]; may alias logits. */
//@ dlogits rows * classes; d_row rows; log_sum_exp rows; logits rows * classes; targets rows;
//@ ?weights classes
void cross_entropy_rows_backward(float *dlogits, const float *d_row, const float *log_sum_exp, const float *logits,
                                 const int32_t *targets, const float *weights, int ignored, double smoothing, int rows,
                                 int classes);

/* ---- updates ------------------------------------------------------------------------------------------------ */
/* A clip [2] is a factor and a limit: an element g of a gradient counts as g * clip[0], cut to [-clip[1], clip[1]]; NaN
 * stays NaN. The updates do that as they read g, which saves a pass over memory.
 * norm[0] = sqrt(sum g^2), in double; clip = min(1, max_norm / (norm + 1e-6)), infinity
 * (torch.nn.utils.clip_grad_norm_). */
//@ norm 1; clip 2; g n
void clip_norm(float *norm, float *clip, const float *g, double max_norm, int n);
/* g with its clip applied, in place. */
//@ g n; clip 2
void clip_gradient(float *g, const float *clip, int n);

/*
 * One update of a parameter p from its gradient g, n elements, as torch.optim computes it; clip [2] or 0: none. The
 * other arrays are the parameter's own state, changed in place. `steps` is a single float, the updates that this
 * parameter has had: read, then raised by one (float32 counts to 2^24, as PyTorch's own counter does). Nothing may
 * alias.
 */

/* d = g + weight_decay p; with momentum: buffer = momentum buffer + (1 - dampening) d, and d becomes the buffer or, with
 * nesterov != 0, d + momentum buffer; p -= lr d. buffer: zeros at first, 0 without momentum. The first update does not
 * dampen: that takes steps, which may be 0 when dampening is. */
//@ p n; g n; ?clip 2; ?buffer n; ?steps 1
void sgd(float *p, const float *g, const float *clip, float *buffer, float *steps, double lr, double momentum,
         double dampening, double weight_decay, int nesterov, int n);
/* RMSprop (Tieleman and Hinton 2012): square = running mean of d^2; mean = that of d, or 0 when not centered;
 * u = d / (sqrt(square - mean^2) + epsilon); with momentum: buffer = momentum buffer + u, and u becomes the buffer
 * (0 without); p -= lr u. */
//@ p n; g n; ?clip 2; square n; ?mean n; ?buffer n
void rmsprop(float *p, const float *g, const float *clip, float *square, float *mean, float *buffer, double lr,
             double alpha, double epsilon, double momentum, double weight_decay, int n);
/* Adagrad (Duchi, Hazan and Singer 2011): total += d^2; p -= lr / (1 + steps lr_decay) d / (sqrt(total) + epsilon),
 * or d / sqrt(total + epsilon) when epsilon_inside != 0. */
//@ p n; g n; ?clip 2; total n; steps 1
void adagrad(float *p, const float *g, const float *clip, float *total, float *steps, double lr, double lr_decay,
             double epsilon, double weight_decay, int epsilon_inside, int n);
/* Adam (Kingma and Ba 2015): m and v are running means of d and d^2, each divided by 1 - beta^steps. decoupled != 0:
 * AdamW's decay (Loshchilov and Hutter 2019), p *= 1 - lr weight_decay and d = g. */
//@ p n; g n; ?clip 2; m n; v n; steps 1
void adam(float *p, const float *g, const float *clip, float *m, float *v, float *steps, double lr, double beta1,
          double beta2, double epsilon, double weight_decay, int decoupled, int n);

#endif
