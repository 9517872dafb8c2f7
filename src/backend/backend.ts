/**
 * The interface between the engine and the hardware. A backend is a linear heap and a table of kernels that operate on
 * addresses in that heap. Everything above it (tensors, tape, layers) is the same for every backend.
 */

import { InputError } from "../core/errors.ts";
import { showValue } from "../core/show-value.ts";
import type { Address } from "./address.ts";
import type { Kernels } from "./kernels.generated.ts";

export { type Address, WORD } from "./address.ts";
export type { Kernels } from "./kernels.generated.ts";

/** The element type of a backend: float32 on wasm and native, float64 on the reference backend. */
export type FloatArray = Float32Array | Float64Array;

/** One linear heap. The allocator (heap.ts) decides how the memory is used. */
export interface LinearMemory {
  /** First address that may be allocated. */
  readonly start: Address;
  /** The largest size of the heap, in bytes. */
  readonly limit: number;
  /** The name of the option with which the caller set `limit`, for error messages; absent if no option was given. */
  readonly limitOption?: string;
  /** Makes all addresses below `end` usable. Returns false if the machine has no more memory. */
  reserve(end: Address): boolean;
  /** Copies values into the heap before it returns. */
  write(address: Address, values: ArrayLike<number>, dtype: "f32" | "i32"): void;
  /**
   * Copies `count` values out of the heap, into `into` if it is given. The result is the state at the time of the call.
   * A GPU answers later, a CPU at once.
   */
  read(address: Address, count: number, into?: FloatArray): Promise<FloatArray>;
  /**
   * A copy of the current values. Only defined if the heap is in this process's memory; code that uses it documents
   * that it is CPU-only.
   */
  readSync?(address: Address, count: number): FloatArray;
  readIntsSync?(address: Address, count: number): Int32Array;
  /** Like `readSync`, but copies `target.length` values into an existing array. Allocates nothing. */
  readInto?(address: Address, target: FloatArray): void;
}

export interface Backend {
  readonly name: "reference" | "wasm" | "native";
  /**
   * Instruction set, such as `float64`, `simd128`, `relaxed-simd` or `avx512`. The bits of a run's results depend on
   * it.
   */
  readonly instructions: string;
  readonly memory: LinearMemory;
  /**
   * Functions with the names of `kernels/unrolled.h`. Addresses and counts are plain numbers, so the exports of a
   * WebAssembly instance can be used as this table directly.
   */
  readonly kernels: Kernels;
}

/** Checks a value that comes from a caller. @throws InputError if it is not a backend */
export function checkBackend(where: string, value: unknown): asserts value is Backend {
  const { name, memory, kernels } = (
    typeof value === "object" && value !== null ? value : {}
  ) as Partial<Backend>;
  if (typeof name === "string" && typeof memory?.reserve === "function" && typeof kernels === "object")
    return;
  throw new InputError(`${where} must be a backend, as defaultBackend() gives, got ${showValue(value)}`);
}

/** The names of two backends for an error message. Two backends of one name still have separate heaps. */
export function showBackends(one: Backend, other: Backend): [string, string] {
  return one.name === other.name ? [one.name, `another ${other.name}`] : [one.name, other.name];
}
