/**
 * The seam between the engine and a machine. A backend is a linear heap and a table of kernels that work on
 * addresses of it. Everything above (tensors, tape, layers) is the same for every backend.
 */

import { InputError } from "../core/errors.ts";
import { showValue } from "../core/show-value.ts";
import type { Address } from "./address.ts";
import type { Kernels } from "./kernels.generated.ts";

export { type Address, WORD } from "./address.ts";
export type { Kernels } from "./kernels.generated.ts";

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
  /**
   * Functions under the names of `kernels/unrolled.h`. Addresses and counts are plain numbers, so a WebAssembly instance's
   * exports are this table as they stand.
   */
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
