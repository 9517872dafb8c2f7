/**
 * The kernels of the general ops: part of the table in backend.ts, kept apart because it has a vocabulary of its own,
 * kinds and strides. `kernels/unrolled.h` says what the arguments mean.
 */
import type { Address } from "./address.ts";

/** Functions of one variable; `pow` and `clamp` have parameters. */
export const UNARY = {
  exp: 0,
  log: 1,
  sqrt: 2,
  abs: 3,
  relu: 4,
  softplus: 5,
  square: 6,
  clamp: 7,
  pow: 8,
} as const;

export const BINARY = { add: 0, sub: 1, mul: 2, div: 3, maximum: 4, minimum: 5, equal: 6 } as const;

export const TERNARY = { select: 0, maximumGrad: 1, minimumGrad: 2, divGrad: 3 } as const;

export const REDUCE = { sum: 0, max: 1 } as const;

/** Sizes of four axes, or the strides of one operand over them (0 repeats it along an axis). */
export type Four = readonly [number, number, number, number];

export interface OpKernels {
  unary(kind: number, y: Address, x: Address, p: number, q: number, n: number): void;
  unary_backward(kind: number, dx: Address, dy: Address, z: Address, p: number, q: number, n: number): void;
  /** Sizes, strides of a, strides of b. */
  binary(
    kind: number,
    y: Address,
    a: Address,
    b: Address,
    ...layout: readonly [...Four, ...Four, ...Four]
  ): void;
  /** Sizes, strides of a, of b, of c. */
  ternary(
    kind: number,
    y: Address,
    a: Address,
    b: Address,
    c: Address,
    ...layout: readonly [...Four, ...Four, ...Four, ...Four]
  ): void;
  /** Sizes, strides of y, strides of x. */
  move_strided(y: Address, x: Address, ...layout: readonly [...Four, ...Four, ...Four]): void;
  take_along(y: Address, x: Address, ids: Address, rows: number, n: number, k: number): void;
  scatter_add_along(x: Address, y: Address, ids: Address, rows: number, n: number, k: number): void;

  reduce(kind: number, y: Address, x: Address, outer: number, n: number, inner: number): void;
  softmax(y: Address, x: Address, logarithm: number, rows: number, n: number): void;
  softmax_backward(dx: Address, dy: Address, y: Address, logarithm: number, rows: number, n: number): void;
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

  im2col(columns: Address, x: Address, ...window: Window): void;
  col2im(x: Address, columns: Address, ...window: Window): void;
  max_pool(y: Address, argmax: Address, x: Address, ...window: Window): void;

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
}

/** A window that slides over planes of an image. */
export type Window = readonly [
  planes: number,
  height: number,
  width: number,
  kernelHeight: number,
  kernelWidth: number,
  strideHeight: number,
  strideWidth: number,
  padHeight: number,
  padWidth: number,
  outHeight: number,
  outWidth: number,
];
