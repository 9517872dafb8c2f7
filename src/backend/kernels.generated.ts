// Generated from kernels/unrolled.h by node kernels/build.ts.
import type { Address } from "./address.ts";

/**
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
export const CELL_KINDS = {
  rnnTanh: 0,
  rnnRelu: 1,
  lstm: 2,
  gruAfter: 3,
  gruBefore: 4,
} as const;

/** How streams hold their weights: as they are, in the upper half of float32, or in whole numbers with a scale a row. */
export const WEIGHT_FORMATS = {
  f32: 0,
  bf16: 1,
  int8: 2,
} as const;

/**
 * A whole stack of layers at batch 1, all of one cell and size, with an embedding before it and a linear layer behind it
 * where there are any: weights packed once in one of three formats (stream_matrix.c), one call a step. `plan` describes
 * it in 8 words, whose places these are.
 */
export const STREAM_PLAN = {
  format: 0,
  cell: 1,
  layers: 2,
  /** how many ids there are, 0 when the inputs are values */
  symbols: 3,
  /** features of a value or of an embedding, 0 when ids go in one-hot (a table of rows, always in f32) */
  inputs: 4,
  hidden: 5,
  /** 0 without one */
  projection: 6,
  /** rows of the linear layer, 0 without one */
  outputs: 7,
} as const;

/** Functions of one variable, x; two have parameters. */
export const UNARY = {
  exp: 0,
  log: 1,
  sqrt: 2,
  abs: 3,
  relu: 4,
  softplus: 5,
  square: 6,
  /** to [p, q] */
  clamp: 7,
  /** x^p */
  pow: 8,
} as const;

/** Functions of two variables. */
export const BINARY = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  maximum: 4,
  minimum: 5,
  /** 1 or 0 */
  equal: 6,
  /** the same of words that are integers */
  equalIntegers: 7,
} as const;

/** Functions of three variables. */
export const TERNARY = {
  /** a's word is not 0 ? b : c; a is words of any type */
  select: 0,
  /** a times the derivative of max(b, c) by b: 1, 1/2 where equal, 0 where b < c */
  maximumGrad: 1,
  minimumGrad: 2,
  /** -a * b / c: the gradient of the divisor c from that of the quotient b */
  divGrad: 3,
} as const;

/** What `reduce` makes of the elements along an axis. */
export const REDUCE = {
  sum: 0,
  max: 1,
} as const;

/** How the score of a place comes from a query q and the place's key k. */
export const ATTENTION_SCORES = {
  /** v . tanh(q + k): Bahdanau, Cho and Bengio 2015 */
  additive: 0,
  /** factor * q . k: Luong, Pham and Manning 2015 */
  dot: 1,
} as const;

/**
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
export interface Kernels {
  // elementwise (n elements); y may alias an input

  fill(y: Address, value: number, n: number): void;
  copy(y: Address, x: Address, n: number): void;
  add(y: Address, a: Address, b: Address, n: number): void;
  sub(y: Address, a: Address, b: Address, n: number): void;
  mul(y: Address, a: Address, b: Address, n: number): void;
  /** y = x * factor */
  scale(y: Address, x: Address, factor: number, n: number): void;
  /** y = x * factor[0] * constant */
  scale_by(y: Address, x: Address, factor: Address, constant: number, n: number): void;
  /** y += x */
  accumulate(y: Address, x: Address, n: number): void;
  sigmoid(y: Address, x: Address, n: number): void;
  /** dx = dy*y*(1-y) */
  sigmoid_backward(dx: Address, dy: Address, y: Address, n: number): void;
  tanh_forward(y: Address, x: Address, n: number): void;
  /** dx = dy*(1-y*y) */
  tanh_backward(dx: Address, dy: Address, y: Address, n: number): void;
  /**
   * Inverted dropout: y = keep ? x / (1 - p) : 0. The n elements are those from index `start` on of a mask of up to 2^53
   * elements. The element of index g in the mask is kept when word (g & 1) of threefry2x32(counter = g >> 1 as two words,
   * low first; key = (seed0, seed1)) is >= threshold, threshold = floor(p * 2^32) (see src/core/rng.ts). So a mask may be
   * split into calls anywhere. The same call on dy gives dx. y may alias x.
   */
  dropout(y: Address, x: Address, seed0: number, seed1: number, start: number, p: number, n: number): void;
  /**
   * Standard normal numbers, the n from index `start` on of a sequence of up to 2^53 numbers. Those of index 2 b and 2 b + 1
   * are r cos(angle) and r sin(angle), r = sqrt(-2 ln((w0 + 1/2) / 2^32)), angle = 2 pi w1 / 2^32 (Box and Muller, 1958),
   * with the words w0 and w1 of threefry2x32(counter = b as two words, low first; key = (seed0, seed1)). So a sequence may be
   * split into calls anywhere. The bits are the same in every build.
   */
  random_normal(y: Address, seed0: number, seed1: number, start: number, n: number): void;

  // moving things

  /** rows x cols, each side with a row stride. */
  copy_rows(y: Address, yStride: number, x: Address, xStride: number, rows: number, cols: number): void;
  /** x [a, b, inner] -> y [b, a, inner]; works on words of any type. */
  swap_axes(y: Address, x: Address, a: number, b: number, inner: number): void;
  /** y[i, :] = table[ids[i], :], zeros where ids[i] < 0; the upper bound was checked by the caller. */
  gather_rows(y: Address, table: Address, ids: Address, n: number, width: number): void;
  /** table[ids[i], :] += dy[i, :], i ascending; skipped where ids[i] < 0. */
  scatter_add_rows(table: Address, dy: Address, ids: Address, n: number, width: number): void;

  // reductions

  /** y[0], added in double */
  sum(y: Address, x: Address, n: number): void;
  /** y[c] = sum over r of x[r, c] */
  sum_rows(y: Address, x: Address, rows: number, cols: number): void;

  // matrix product

  /** Words of scratch for gemm. */
  gemm_scratch(m: number, n: number, k: number): number;
  /**
   * c [m, n] (+)= op(a) op(b), op = transpose when the flag is set: a is [m, k] or [k, m], b is [k, n] or [n, k].
   * accumulate 0 overwrites c, 1 adds to it. row_bias [n] or 0: c starts from it (with accumulate 0).
   */
  gemm(
    c: Address,
    a: Address,
    b: Address,
    rowBias: Address,
    m: number,
    n: number,
    k: number,
    transposeA: number,
    transposeB: number,
    accumulate: number,
    scratch: Address,
  ): void;

  // cross-entropy over rows of logits [rows, classes]

  /**
   * log_sum_exp [rows]: saved for backward. loss[0] = mean over rows of (log_sum_exp - logit of the target). Added in double.
   * row_loss [rows] or 0: each row's loss.
   */
  cross_entropy(
    loss: Address,
    rowLoss: Address,
    logSumExp: Address,
    logits: Address,
    targets: Address,
    rows: number,
    classes: number,
  ): void;
  /** dlogits = (softmax(logits) - onehot) * d_loss[0] / rows; may alias logits. */
  cross_entropy_backward(
    dlogits: Address,
    dLoss: Address,
    logSumExp: Address,
    logits: Address,
    targets: Address,
    rows: number,
    classes: number,
  ): void;

  // recurrent layers over time

  /** Words of what recurrent_pack packs. */
  recurrent_pack_size(
    cell: number,
    inputs: number,
    hidden: number,
    projection: number,
    hasIds: number,
  ): number;
  /**
   * Weights in the order that the forward kernels read, made once per update. With ids the input's share is a table of
   * one row for each id, biases added. Biases may be 0; weight_hr is 0 unless there is a projection.
   */
  recurrent_pack(
    packed: Address,
    cell: number,
    weightIh: Address,
    weightHh: Address,
    biasIh: Address,
    biasHh: Address,
    weightHr: Address,
    inputs: number,
    hidden: number,
    projection: number,
    hasIds: number,
  ): void;
  /** Words of scratch for recurrent_forward. */
  recurrent_forward_scratch(
    cell: number,
    t: number,
    b: number,
    inputs: number,
    hidden: number,
    projection: number,
    hasIds: number,
  ): number;
  /**
   * x [n, I] or ids [n]: exactly one, the other 0. h0 [b, S], c0 [b, H] (LSTM): 0 means zeros.
   * Outputs: h [n, S]; c [n, H] for the LSTM, else 0; gates [n, K H], 0 where they are not wanted: only backward needs
   * them, and without them less memory is written.
   */
  recurrent_forward(
    cell: number,
    h: Address,
    c: Address,
    gates: Address,
    x: Address,
    ids: Address,
    rows: Address,
    h0: Address,
    c0: Address,
    packed: Address,
    t: number,
    b: number,
    inputs: number,
    hidden: number,
    projection: number,
    scratch: Address,
  ): void;
  /** Words of what recurrent_pack_backward packs. */
  recurrent_pack_backward_size(cell: number, hidden: number, projection: number): number;
  /** The recurrent weights in the order that backward reads, made once per update. */
  recurrent_pack_backward(
    packed: Address,
    cell: number,
    weightHh: Address,
    weightHr: Address,
    hidden: number,
    projection: number,
  ): void;
  /** Words of the `parts` of recurrent_backward: 0 in all builds but that for AMX. */
  recurrent_parts_size(cell: number, n: number, hidden: number): number;
  /** Words of scratch for recurrent_backward. */
  recurrent_backward_scratch(cell: number, t: number, b: number, hidden: number, projection: number): number;
  /**
   * From the last step to the first. dh [n, S] or 0; dh_last [b, S], dc_last [b, H] or 0: added at each row's last step.
   * Outputs: dgates [n, D H]; dprojected [n, P], the whole gradient of h at each step (only with a projection, else 0);
   * dh0 [b, S], dc0 [b, H] or 0 (not wanted).
   * parts: where the build for AMX keeps the bf16 parts of dgates, or 0. Given to recurrent_weight_gradients with the same
   * rows and b, they save that from splitting dgates again; bits are the same without.
   */
  recurrent_backward(
    cell: number,
    dgates: Address,
    parts: Address,
    dprojected: Address,
    dh0: Address,
    dc0: Address,
    dh: Address,
    dhLast: Address,
    dcLast: Address,
    h: Address,
    c: Address,
    gates: Address,
    rows: Address,
    h0: Address,
    c0: Address,
    packed: Address,
    t: number,
    b: number,
    hidden: number,
    projection: number,
    scratch: Address,
  ): void;
  /** Words of scratch for recurrent_input_gradient. */
  recurrent_input_gradient_scratch(cell: number, n: number, inputs: number, hidden: number): number;
  /** dx [n, I] from dgates. */
  recurrent_input_gradient(
    cell: number,
    dx: Address,
    dgates: Address,
    weightIh: Address,
    n: number,
    inputs: number,
    hidden: number,
    scratch: Address,
  ): void;
  /** Words of scratch for recurrent_weight_gradients. */
  recurrent_weight_gradients_scratch(
    cell: number,
    n: number,
    inputs: number,
    hidden: number,
    projection: number,
    hasIds: number,
  ): number;
  /**
   * All weight gradients of a layer, each one product over the n rows. Outputs, overwritten: dweight_ih, dweight_hh,
   * dbias_ih, dbias_hh [G H] (either may be 0), dweight_hr [P, H] or 0. h, c, gates, x, ids, rows, h0 as in forward; parts
   * as recurrent_backward left them, or 0.
   */
  recurrent_weight_gradients(
    cell: number,
    dweightIh: Address,
    dweightHh: Address,
    dbiasIh: Address,
    dbiasHh: Address,
    dweightHr: Address,
    dgates: Address,
    parts: Address,
    dprojected: Address,
    h: Address,
    c: Address,
    gates: Address,
    x: Address,
    ids: Address,
    rows: Address,
    h0: Address,
    t: number,
    b: number,
    n: number,
    inputs: number,
    hidden: number,
    projection: number,
    scratch: Address,
  ): void;

  // one step of one sequence: streaming

  /** Words of the packed weights of a whole stack. */
  stream_size(plan: Address): number;
  /** Words of scratch for stream_pack_layer and stream_step. */
  stream_scratch(plan: Address): number;
  /** embedding [symbols, inputs], head [outputs, S], head_bias [outputs]: 0 where there is none. */
  stream_pack_ends(
    packed: Address,
    plan: Address,
    embedding: Address,
    head: Address,
    headBias: Address,
  ): void;
  /** Of a layer from 0 up; biases may be 0. */
  stream_pack_layer(
    packed: Address,
    plan: Address,
    layer: number,
    weightIh: Address,
    weightHh: Address,
    biasIh: Address,
    biasHh: Address,
    weightHr: Address,
    scratch: Address,
  ): void;
  /**
   * state: h [layers, S], then c [layers, H] for the LSTM, changed in place. Either id or x [inputs] is read, as the plan
   * says. y [outputs], or without a linear layer the top layer's h [S].
   */
  stream_step(
    y: Address,
    state: Address,
    plan: Address,
    packed: Address,
    id: number,
    x: Address,
    scratch: Address,
  ): void;

  // elementwise functions and operands of any stride

  /**
   * y = f(x), f of the kind.
   * y may alias x
   */
  unary(kind: number, y: Address, x: Address, p: number, q: number, n: number): void;
  /** dx = dy * f'(x). z is y = f(x) for exp and sqrt and x for all others. dx may alias dy or z. */
  unary_backward(kind: number, dx: Address, dy: Address, z: Address, p: number, q: number, n: number): void;
  /**
   * Operands over four axes of n0..n3 elements: element (i0, i1, i2, i3) of a lies at the sum of i * a_stride, in words;
   * a stride of 0 repeats (broadcasts). y is dense and may not alias.
   */
  binary(
    kind: number,
    y: Address,
    a: Address,
    b: Address,
    n0: number,
    n1: number,
    n2: number,
    n3: number,
    a0: number,
    a1: number,
    a2: number,
    a3: number,
    b0: number,
    b1: number,
    b2: number,
    b3: number,
  ): void;
  /** Operands as of `binary`. */
  ternary(
    kind: number,
    y: Address,
    a: Address,
    b: Address,
    c: Address,
    n0: number,
    n1: number,
    n2: number,
    n3: number,
    a0: number,
    a1: number,
    a2: number,
    a3: number,
    b0: number,
    b1: number,
    b2: number,
    b3: number,
    c0: number,
    c1: number,
    c2: number,
    c3: number,
  ): void;
  /** y = x, both with strides, which may be negative. Works on words of any type. */
  move_strided(
    y: Address,
    x: Address,
    n0: number,
    n1: number,
    n2: number,
    n3: number,
    y0: number,
    y1: number,
    y2: number,
    y3: number,
    x0: number,
    x1: number,
    x2: number,
    x3: number,
  ): void;
  /** x [rows, n], ids [rows, k] -> y [rows, k]: y[r, j] = x[r, ids[r, j]], 0 where the id is negative. */
  take_along(y: Address, x: Address, ids: Address, rows: number, n: number, k: number): void;
  /** x[r, ids[r, j]] += y[r, j], j ascending; skipped where the id is negative. */
  scatter_add_along(x: Address, y: Address, ids: Address, rows: number, n: number, k: number): void;

  // along one axis

  /**
   * x [outer, n, inner] -> y [outer, inner]. Contiguous sums (inner 1) are added in double. NaN makes a maximum NaN;
   * a maximum needs n > 0.
   */
  reduce(kind: number, y: Address, x: Address, outer: number, n: number, inner: number): void;
  /**
   * x [outer, n, inner] -> y [outer, inner]: the index along n of the greatest element, the first of equals. NaN is greater
   * than everything else, as in PyTorch. Needs n > 0.
   */
  argmax(y: Address, x: Address, outer: number, n: number, inner: number): void;
  /** Over the rows of x [rows, n]: y = softmax(x), or its logarithm when `logarithm` is set. y may alias x. */
  softmax(y: Address, x: Address, logarithm: number, rows: number, n: number): void;
  /** From y: dx = y * (dy - sum(dy * y)), or with the logarithm dx = dy - exp(y) * sum(dy). dx may alias dy or y. */
  softmax_backward(dx: Address, dy: Address, y: Address, logarithm: number, rows: number, n: number): void;
  /**
   * Layer normalization (Ba, Kiros and Hinton 2016): y = (x - mean) * deviation * gain + bias over rows of x [rows, n],
   * deviation = 1 / sqrt(biased variance + epsilon). gain, bias [n] or 0. mean, deviation [rows]: saved for backward.
   */
  layer_norm(
    y: Address,
    mean: Address,
    deviation: Address,
    x: Address,
    gain: Address,
    bias: Address,
    epsilon: number,
    rows: number,
    n: number,
  ): void;
  /** dx, dgain, dbias are overwritten; each may be 0 (not wanted). */
  layer_norm_backward(
    dx: Address,
    dgain: Address,
    dbias: Address,
    dy: Address,
    x: Address,
    mean: Address,
    deviation: Address,
    gain: Address,
    rows: number,
    n: number,
  ): void;

  // attention over a memory

  /**
   * b sequences with a memory of s places each, t queries for each sequence. Only the first lengths[i] places of sequence i
   * are read; lengths 0: all of them.
   * weights [b, t, s] = softmax over the places of the scores of query [b, t, a] and keys [b, s, a], 0 where a place does
   * not count; context [b, t, h] = the sum over the places of weight * value, values [b, s, h]. v [a] is 0 for dot.
   */
  attention(
    kind: number,
    context: Address,
    weights: Address,
    query: Address,
    keys: Address,
    values: Address,
    v: Address,
    lengths: Address,
    factor: number,
    b: number,
    t: number,
    s: number,
    a: number,
    h: number,
  ): void;
  /**
   * From the weights of forward and the gradients of its results, of which either may be 0. dquery is overwritten; to dkeys,
   * dvalues and dv, of the places that count, is added. Each may be 0 (not wanted). scratch [s].
   */
  attention_backward(
    kind: number,
    dquery: Address,
    dkeys: Address,
    dvalues: Address,
    dv: Address,
    dcontext: Address,
    dweights: Address,
    query: Address,
    keys: Address,
    values: Address,
    v: Address,
    weights: Address,
    lengths: Address,
    factor: number,
    b: number,
    t: number,
    s: number,
    a: number,
    h: number,
    scratch: Address,
  ): void;

  // images: one [channels, height, width] at a time

  /** columns [c * kh * kw, oh * ow]: the patch under every output, zeros where it hangs over the edge. */
  im2col(
    columns: Address,
    x: Address,
    c: number,
    h: number,
    w: number,
    kh: number,
    kw: number,
    strideH: number,
    strideW: number,
    padH: number,
    padW: number,
    oh: number,
    ow: number,
  ): void;
  /** x [c, h, w] += columns, each at its place. */
  col2im(
    x: Address,
    columns: Address,
    c: number,
    h: number,
    w: number,
    kh: number,
    kw: number,
    strideH: number,
    strideW: number,
    padH: number,
    padW: number,
    oh: number,
    ow: number,
  ): void;
  /**
   * y [planes, oh, ow] and where in its plane the maximum lies, argmax likewise: the first of equals, the last NaN, as
   * PyTorch chooses. Padding is never chosen.
   */
  max_pool(
    y: Address,
    argmax: Address,
    x: Address,
    planes: number,
    h: number,
    w: number,
    kh: number,
    kw: number,
    strideH: number,
    strideW: number,
    padH: number,
    padW: number,
    oh: number,
    ow: number,
  ): void;

  // cross-entropy with class weights, ignored rows and smoothed labels

  /**
   * row_loss [rows] = (1 - smoothing) * w[t] * (lse - x[t]) + smoothing / classes * sum_c w[c] * (lse - x[c]);
   * row_weight [rows] = w[t]; both 0 where the target t is `ignored`. weights [classes] or 0 (all 1). lse as above.
   */
  cross_entropy_rows(
    rowLoss: Address,
    rowWeight: Address,
    logSumExp: Address,
    logits: Address,
    targets: Address,
    weights: Address,
    ignored: number,
    smoothing: number,
    rows: number,
    classes: number,
  ): void;
  /** dlogits [rows, classes] from d_row [rows]; may alias logits. */
  cross_entropy_rows_backward(
    dlogits: Address,
    dRow: Address,
    logSumExp: Address,
    logits: Address,
    targets: Address,
    weights: Address,
    ignored: number,
    smoothing: number,
    rows: number,
    classes: number,
  ): void;

  // updates

  /**
   * A clip [2] is a factor and a limit: an element g of a gradient counts as g * clip[0], cut to [-clip[1], clip[1]]; NaN
   * stays NaN. The updates do that as they read g, which saves a pass over memory.
   * norm[0] = sqrt(sum g^2), in double; clip = min(1, max_norm / (norm + 1e-6)), infinity
   * (torch.nn.utils.clip_grad_norm_).
   */
  clip_norm(norm: Address, clip: Address, g: Address, maxNorm: number, n: number): void;
  /** g with its clip applied, in place. */
  clip_gradient(g: Address, clip: Address, n: number): void;
  /**
   * d = g + weight_decay p; with momentum: buffer = momentum buffer + (1 - dampening) d, and d becomes the buffer or, with
   * nesterov != 0, d + momentum buffer; p -= lr d. buffer: zeros at first, 0 without momentum. The first update does not
   * dampen: that takes steps, which may be 0 when dampening is.
   */
  sgd(
    p: Address,
    g: Address,
    clip: Address,
    buffer: Address,
    steps: Address,
    lr: number,
    momentum: number,
    dampening: number,
    weightDecay: number,
    nesterov: number,
    n: number,
  ): void;
  /**
   * RMSprop (Tieleman and Hinton 2012): square = running mean of d^2; mean = that of d, or 0 when not centered;
   * u = d / (sqrt(square - mean^2) + epsilon); with momentum: buffer = momentum buffer + u, and u becomes the buffer
   * (0 without); p -= lr u.
   */
  rmsprop(
    p: Address,
    g: Address,
    clip: Address,
    square: Address,
    mean: Address,
    buffer: Address,
    lr: number,
    alpha: number,
    epsilon: number,
    momentum: number,
    weightDecay: number,
    n: number,
  ): void;
  /**
   * Adagrad (Duchi, Hazan and Singer 2011): total += d^2; p -= lr / (1 + steps lr_decay) d / (sqrt(total) + epsilon),
   * or d / sqrt(total + epsilon) when epsilon_inside != 0.
   */
  adagrad(
    p: Address,
    g: Address,
    clip: Address,
    total: Address,
    steps: Address,
    lr: number,
    lrDecay: number,
    epsilon: number,
    weightDecay: number,
    epsilonInside: number,
    n: number,
  ): void;
  /**
   * Adam (Kingma and Ba 2015): m and v are running means of d and d^2, each divided by 1 - beta^steps. decoupled != 0:
   * AdamW's decay (Loshchilov and Hutter 2019), p *= 1 - lr weight_decay and d = g.
   */
  adam(
    p: Address,
    g: Address,
    clip: Address,
    m: Address,
    v: Address,
    steps: Address,
    lr: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    weightDecay: number,
    decoupled: number,
    n: number,
  ): void;
}

/** The names of all kernels, in the order of the header. */
export const KERNEL_NAMES: readonly (keyof Kernels)[] = [
  "fill",
  "copy",
  "add",
  "sub",
  "mul",
  "scale",
  "scale_by",
  "accumulate",
  "sigmoid",
  "sigmoid_backward",
  "tanh_forward",
  "tanh_backward",
  "dropout",
  "random_normal",
  "copy_rows",
  "swap_axes",
  "gather_rows",
  "scatter_add_rows",
  "sum",
  "sum_rows",
  "gemm_scratch",
  "gemm",
  "cross_entropy",
  "cross_entropy_backward",
  "recurrent_pack_size",
  "recurrent_pack",
  "recurrent_forward_scratch",
  "recurrent_forward",
  "recurrent_pack_backward_size",
  "recurrent_pack_backward",
  "recurrent_parts_size",
  "recurrent_backward_scratch",
  "recurrent_backward",
  "recurrent_input_gradient_scratch",
  "recurrent_input_gradient",
  "recurrent_weight_gradients_scratch",
  "recurrent_weight_gradients",
  "stream_size",
  "stream_scratch",
  "stream_pack_ends",
  "stream_pack_layer",
  "stream_step",
  "unary",
  "unary_backward",
  "binary",
  "ternary",
  "move_strided",
  "take_along",
  "scatter_add_along",
  "reduce",
  "argmax",
  "softmax",
  "softmax_backward",
  "layer_norm",
  "layer_norm_backward",
  "attention",
  "attention_backward",
  "im2col",
  "col2im",
  "max_pool",
  "cross_entropy_rows",
  "cross_entropy_rows_backward",
  "clip_norm",
  "clip_gradient",
  "sgd",
  "rmsprop",
  "adagrad",
  "adam",
];
