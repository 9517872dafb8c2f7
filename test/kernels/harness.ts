/** Loads a build of the kernels by itself: no backend, no allocator, only a memory and addresses that grow upwards. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Addon, NativeInstructions } from "../../src/backend/native/addon.ts";
import { probeNative } from "../../src/backend/native/native.ts";
import { emulatedAmx } from "../support/emulated-amx.ts";
import { LONG } from "../support/long.ts";

type Kernel = (...args: number[]) => number;

export const WASM_MODULES = ["unrolled-simd.wasm", "unrolled-relaxed.wasm"] as const;

const NATIVE = "native ";

/** The addon with AddressSanitizer, which alone is tested then: kernels/native/sanitize.ts. */
const SANITIZED = process.env.UNROLLED_SANITIZED;
const own = probeNative(undefined, SANITIZED === undefined ? undefined : new URL(SANITIZED));
if (SANITIZED !== undefined && own.addon === undefined) throw new Error(own.reason);

/** Every build of the kernels that this machine can run: files of WebAssembly, then the addon's instruction sets. */
export const MODULES: readonly string[] = [
  ...(SANITIZED === undefined ? WASM_MODULES : []),
  ...(own.addon?.instructions ?? []).map((instructions) => `${NATIVE}${instructions}`),
];

const EMULATED = "emulated amx";

/** These and AMX in software, which differs from AVX-512 where matrices are multiplied. */
export const MODULES_WITH_PRODUCTS: readonly string[] = [
  ...MODULES,
  ...(emulatedAmx.addon === undefined ? [] : [EMULATED]),
];

/** How many random cases a property gets: all of them in the long tests only, and AMX in software, which is slow, fewest. */
export function casesFor(file: string, cases: number): number {
  return LONG ? cases : Math.ceil(cases / (file === EMULATED ? 5 : 2));
}

/** Rounding of float32 against float64 over sums of a few hundred products of size 1. */
export const ABSOLUTE = 1e-5;
export const RELATIVE = 1.3e-6;

/**
 * How many times the error of float32 products is allowed: those of bf16 parts drop lo lo and round lo, at most
 * 3 * 2^-18 of a product of size 1 (docs/precision.md), and a sum of k of them deviates by its root.
 */
export function leniency(file: string): number {
  return file.endsWith("amx") ? 12 : 1;
}

const modules = new Map<string, WebAssembly.Module>();

/** Compiled once: hundreds of modules come and go in a property test otherwise, which Node 24 does not always survive
 * (nodejs/node#64500: "Check failed: jit_page.has_value()"). */
function moduleOf(file: string): WebAssembly.Module {
  let module = modules.get(file);
  if (module === undefined) {
    const path = fileURLToPath(new URL(`../../src/backend/wasm/${file}`, import.meta.url));
    module = new WebAssembly.Module(readFileSync(path));
    modules.set(file, module);
  }
  return module;
}

export class Machine {
  readonly memory = new WebAssembly.Memory({ initial: 64, maximum: 65536 });
  readonly kernels: Record<string, Kernel>;
  private readonly attach: ((buffer: ArrayBufferLike) => void) | undefined;
  private readonly poison: ((address: number, bytes: number) => void) | undefined;
  private top: number;
  private readonly guards: number[] = [];
  private readonly given: { address: number; values: ArrayLike<number> }[] = [];

  /** @param file one of {@link MODULES_WITH_PRODUCTS} */
  constructor(file: string) {
    const { addon } = file === EMULATED ? emulatedAmx : own;
    if (addon !== undefined && (file === EMULATED || file.startsWith(NATIVE))) {
      const instructions = file === EMULATED ? "amx" : (file.slice(NATIVE.length) as NativeInstructions);
      const created: ReturnType<Addon["create"]> & { poison?: Machine["poison"] } = addon.create(
        instructions,
        this.memory.buffer,
      );
      const { kernels, attach, poison } = created;
      this.poison = poison;
      this.top = 64;
      this.kernels = kernels as unknown as Record<string, Kernel>;
      this.attach = attach;
      return;
    }
    const { exports } = new WebAssembly.Instance(moduleOf(file), { env: { memory: this.memory } });
    this.top = (exports.__heap_base as WebAssembly.Global).value as number;
    this.kernels = exports as unknown as Record<string, Kernel>;
  }

  /** Address of `words` words filled with a NaN, so that what a kernel forgets to write shows. */
  room(words: number, misaligned = false): number {
    const address = Math.ceil(this.top / 64) * 64 + (misaligned ? 4 : 0);
    this.top = address + words * 4 + 4;
    const short = this.top - this.memory.buffer.byteLength;
    if (short > 0) {
      this.memory.grow(Math.ceil(short / 65536));
      this.attach?.(this.memory.buffer);
    }
    const floats = new Float32Array(this.memory.buffer, address, words + 1).fill(Number.NaN);
    floats[words] = GUARD;
    this.guards.push(address + words * 4);
    const [end, next] = [address + words * 4, Math.ceil(this.top / 64) * 64];
    this.poison?.(end, Math.min(next, this.memory.buffer.byteLength) - end);
    return address;
  }

  /** True while no kernel wrote beyond what it was given. */
  get intact(): boolean {
    const floats = new Float32Array(this.memory.buffer);
    return this.guards.every((address) => floats[address / 4] === GUARD);
  }

  /** True while everything that was handed over as values is as it was. */
  get unchanged(): boolean {
    return this.given.every(({ address, values }) => {
      const now = new Float32Array(this.memory.buffer, address, values.length);
      return now.every((value, i) => Object.is(value, Math.fround(values[i])));
    });
  }

  floats(values: ArrayLike<number> | undefined, misaligned = false): number {
    if (values === undefined) return 0;
    const address = this.room(values.length, misaligned);
    this.given.push({ address, values });
    new Float32Array(this.memory.buffer, address, values.length).set(values);
    return address;
  }

  ints(values: ArrayLike<number> | undefined): number {
    if (values === undefined) return 0;
    const address = this.room(values.length);
    new Int32Array(this.memory.buffer, address, values.length).set(values);
    return address;
  }

  read(address: number, words: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, words).slice();
  }
}

/** A word after each room, which float32 holds exactly. */
const GUARD = 123456.75;

/** A deterministic stream in [-1, 1) that float32 holds exactly. */
export function noise(seed: number): (n: number, scale?: number) => number[] {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return (n, scale = 1) =>
    Array.from({ length: n }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.fround(((state >>> 8) / 2 ** 23 - 1) * scale);
    });
}

/** The greatest error in units of the allowed one; NaN matches NaN only. */
export function worst(got: ArrayLike<number>, expected: ArrayLike<number>, absolute = ABSOLUTE): number {
  let result = got.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(got[i], expected[i]) || got[i] === expected[i]) continue;
    const error = Math.abs(got[i] - expected[i]) / (absolute + RELATIVE * Math.abs(expected[i]));
    if (!(error <= result)) result = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  }
  return result;
}

export function bits(values: Float32Array): number[] {
  return [...new Int32Array(values.buffer, values.byteOffset, values.length)];
}
