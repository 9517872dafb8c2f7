import { poisonFreedMemory } from "../../src/backend/arena.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { createNativeBackend, type NativeInstructions } from "../../src/backend/native/native.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { createWasmBackend } from "../../src/backend/wasm/wasm.ts";
import { EMULATED_AMX } from "./emulated-amx.ts";

// Memory of ended scopes reads as NaN in every test, so that a use after the end cannot pass.
poisonFreedMemory(true);

/** |actual - expected| may be at most absolute + relative * |expected|. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** float64 throughout: only the order of additions differs. */
export const REFERENCE_TOLERANCE: Tolerance = { absolute: 1e-9, relative: 0 };

/** float32 with its epsilon of 1.2e-7: ten roundings' worth relative, and cancellation absolute. */
export const FLOAT32_TOLERANCE: Tolerance = { absolute: 1e-5, relative: 1.3e-6 };

/** Products of bf16 parts (docs/precision.md): 1.1e-5 of each, in sums of numbers up to ten. */
export const HIGH_TOLERANCE: Tolerance = { absolute: 1e-4, relative: 2 ** -16 };

export interface BackendUnderTest {
  readonly name: string;
  readonly backend: Backend;
  readonly tolerance: Tolerance;
}

function wasm(instructions: "simd128" | "relaxed-simd"): BackendUnderTest[] {
  try {
    const backend = createWasmBackend(instructions);
    return backend === undefined
      ? []
      : [{ name: `wasm ${instructions}`, backend, tolerance: FLOAT32_TOLERANCE }];
  } catch (error) {
    // Only an engine without relaxed SIMD may lack one.
    if (error instanceof WebAssembly.CompileError && instructions === "relaxed-simd") return [];
    throw error;
  }
}

/** Nothing where the addon or the processor is missing; test/backend/native.test.ts says which. */
function native(instructions: NativeInstructions): BackendUnderTest[] {
  const { backend } = createNativeBackend(instructions);
  const tolerance = instructions === "amx" ? HIGH_TOLERANCE : FLOAT32_TOLERANCE;
  return backend === undefined ? [] : [{ name: `native ${instructions}`, backend, tolerance }];
}

/** AMX in software. */
function emulated(): BackendUnderTest[] {
  if (EMULATED_AMX === undefined) return [];
  const { backend } = createNativeBackend("amx", EMULATED_AMX);
  return backend === undefined ? [] : [{ name: "emulated amx", backend, tolerance: HIGH_TOLERANCE }];
}

/** Every backend that this machine can run: one suite for all, so that none escapes a test. */
export const backends: readonly BackendUnderTest[] = [
  { name: "reference", backend: createReferenceBackend(), tolerance: REFERENCE_TOLERANCE },
  ...wasm("simd128"),
  ...wasm("relaxed-simd"),
  ...native("amx"),
  ...native("avx512"),
  ...native("avx2"),
  ...native("neon"),
  ...emulated(),
];

/** Where the first element outside the tolerance is, or undefined when all are inside. NaN is outside. */
export function firstDifference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute, relative }: Tolerance,
): string | undefined {
  if (actual.length !== expected.length) return `length ${actual.length}, expected ${expected.length}`;
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(actual[i] - expected[i]) <= absolute + relative * Math.abs(expected[i]))) {
      return `element ${i}: ${actual[i]}, expected ${expected[i]}`;
    }
  }
  return undefined;
}
