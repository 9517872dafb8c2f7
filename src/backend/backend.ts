/**
 * The seam between the engine and a machine. A backend is a linear heap and a table of kernels that work on
 * addresses of it. Everything above (tensors, tape, layers) is the same for every backend.
 */

import { InputError } from "../core/errors.ts";
import { showValue } from "../core/show-value.ts";
import type { Address } from "./address.ts";
import type { OpKernels } from "./kernels-ops.ts";
import type { StreamKernels } from "./kernels-stream.ts";

export { type Address, WORD } from "./address.ts";

/** What a backend can hold: float32 on wasm and native, float64 on the reference. */
export type FloatArray = Float32Array | Float64Array;

/** One linear heap. The allocator (heap.ts) decides what lies where; this only holds it. */
export interface LinearMemory {
  /** First address that may be allocated. */
  readonly start: Address;
  /** Bytes that the heap can ever have. */
  readonly limit: number;
  /** The option by which the caller has set `limit`, for errors; absent where nobody has. */
  readonly limitOption?: string;
  /** Make all addresses below `end` usable. Returns false when the machine has no more memory. */
  reserve(end: Address): boolean;
  /** Copy values in, now. */
  write(address: Address, values: ArrayLike<number>, dtype: "f32" | "i32"): void;
  /**
   * Copy values out, into `into` where there is one; what is read is the state at the call. A GPU answers later, a CPU
   * at once.
   */
  read(address: Address, count: number, into?: FloatArray): Promise<FloatArray>;
  /**
   * Only where the heap is in this process's memory: values as they are now, copied. Code that uses it is
   * CPU-only and says so.
   */
  readSync?(address: Address, count: number): FloatArray;
  readIntsSync?(address: Address, count: number): Int32Array;
  /** The same into an array that is there already: as many values as it holds. Allocates nothing. */
  readInto?(address: Address, target: FloatArray): void;
}

export interface Backend {
  readonly name: "reference" | "wasm" | "native";
  /** Instruction set: part of what fixes the bits of a run, as `float64`, `simd128`, `relaxed-simd`, `avx512`. */
  readonly instructions: string;
  readonly memory: LinearMemory;
  readonly kernels: Kernels;
}

/** @throws InputError for what is no backend: where it comes from a caller */
export function checkBackend(where: string, value: unknown): asserts value is Backend {
  const { name, memory, kernels } = (
    typeof value === "object" && value !== null ? value : {}
  ) as Partial<Backend>;
  if (typeof name === "string" && typeof memory?.reserve === "function" && typeof kernels === "object")
    return;
  throw new InputError(`${where} must be a backend, as defaultBackend() gives, got ${showValue(value)}`);
}

/** Backends by name; two of one name are two heaps all the same. */
export function showBackends(one: Backend, other: Backend): [string, string] {
  return one.name === other.name ? [one.name, `another ${other.name}`] : [one.name, other.name];
}

/**
 * The kernels under the names of `kernels/unrolled.h`, which says for each what its arguments mean, which may be
 * absent (0), what may alias and who gives scratch. Addresses and counts are plain numbers, so a WebAssembly
 * instance's exports are this table as they stand.
 */
export interface Kernels extends OpKernels, StreamKernels {
  fill(y: Address, value: number, n: number): void;
  copy(y: Address, x: Address, n: number): void;
  add(y: Address, a: Address, b: Address, n: number): void;
  sub(y: Address, a: Address, b: Address, n: number): void;
  mul(y: Address, a: Address, b: Address, n: number): void;
  scale(y: Address, x: Address, factor: number, n: number): void;
  scale_by(y: Address, x: Address, factor: Address, constant: number, n: number): void;
  accumulate(y: Address, x: Address, n: number): void;
  sigmoid(y: Address, x: Address, n: number): void;
  sigmoid_backward(dx: Address, dy: Address, y: Address, n: number): void;
  tanh_forward(y: Address, x: Address, n: number): void;
  tanh_backward(dx: Address, dy: Address, y: Address, n: number): void;
  dropout(y: Address, x: Address, seed0: number, seed1: number, p: number, n: number): void;

  copy_rows(y: Address, yStride: number, x: Address, xStride: number, rows: number, cols: number): void;
  swap_axes(y: Address, x: Address, a: number, b: number, inner: number): void;
  gather_rows(y: Address, table: Address, ids: Address, n: number, width: number): void;
  scatter_add_rows(table: Address, dy: Address, ids: Address, n: number, width: number): void;

  sum(y: Address, x: Address, n: number): void;
  sum_rows(y: Address, x: Address, rows: number, cols: number): void;

  gemm_scratch(m: number, n: number, k: number): number;
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

  cross_entropy(
    loss: Address,
    rowLoss: Address,
    logSumExp: Address,
    logits: Address,
    targets: Address,
    rows: number,
    classes: number,
  ): void;
  cross_entropy_backward(
    dlogits: Address,
    dLoss: Address,
    logSumExp: Address,
    logits: Address,
    targets: Address,
    rows: number,
    classes: number,
  ): void;

  recurrent_pack_size(
    cell: number,
    inputs: number,
    hidden: number,
    projection: number,
    hasIds: number,
  ): number;
  recurrent_pack(
    ...args: [
      ...[packed: Address, cell: number, weightIh: Address, weightHh: Address],
      ...[biasIh: Address, biasHh: Address, weightHr: Address],
      ...[inputs: number, hidden: number, projection: number, hasIds: number],
    ]
  ): void;
  recurrent_forward_scratch(
    ...args: [
      ...[cell: number, t: number, b: number],
      ...[inputs: number, hidden: number, projection: number, hasIds: number],
    ]
  ): number;
  recurrent_forward(
    ...args: [
      ...[cell: number, h: Address, c: Address, gates: Address],
      ...[x: Address, ids: Address, rows: Address, h0: Address, c0: Address, packed: Address],
      ...[t: number, b: number, inputs: number, hidden: number, projection: number, scratch: Address],
    ]
  ): void;
  recurrent_pack_backward_size(cell: number, hidden: number, projection: number): number;
  recurrent_pack_backward(
    ...args: [
      ...[packed: Address, cell: number, weightHh: Address, weightHr: Address],
      ...[hidden: number, projection: number],
    ]
  ): void;
  recurrent_parts_size(cell: number, n: number, hidden: number): number;
  recurrent_backward_scratch(cell: number, t: number, b: number, hidden: number, projection: number): number;
  recurrent_backward(
    ...args: [
      ...[cell: number, dgates: Address, parts: Address, dprojected: Address, dh0: Address, dc0: Address],
      ...[dh: Address, dhLast: Address, dcLast: Address, h: Address, c: Address, gates: Address],
      ...[rows: Address, h0: Address, c0: Address, packed: Address],
      ...[t: number, b: number, hidden: number, projection: number, scratch: Address],
    ]
  ): void;
  recurrent_input_gradient_scratch(cell: number, n: number, inputs: number, hidden: number): number;
  recurrent_input_gradient(
    ...args: [
      ...[cell: number, dx: Address, dgates: Address, weightIh: Address],
      ...[n: number, inputs: number, hidden: number, scratch: Address],
    ]
  ): void;
  recurrent_weight_gradients_scratch(
    ...args: [
      ...[cell: number, n: number, inputs: number, hidden: number, projection: number, hasIds: number],
    ]
  ): number;
  recurrent_weight_gradients(
    ...args: [
      ...[cell: number, dweightIh: Address, dweightHh: Address, dbiasIh: Address, dbiasHh: Address],
      ...[dweightHr: Address, dgates: Address, parts: Address, dprojected: Address],
      ...[h: Address, c: Address, gates: Address, x: Address, ids: Address, rows: Address, h0: Address],
      ...[t: number, b: number, n: number, inputs: number, hidden: number, projection: number],
      ...[scratch: Address],
    ]
  ): void;

  clip_norm(norm: Address, clip: Address, g: Address, maxNorm: number, n: number): void;
  clip_gradient(g: Address, clip: Address, n: number): void;
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
