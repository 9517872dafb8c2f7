/** What one core of this machine can do at most: what the speeds in the tables are a share of. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { heapOf } from "../src/backend/heap.ts";
import type { Backend } from "../src/index.ts";
import { createNativeBackend, createWasmBackend } from "../src/index.ts";

export interface Limits {
  /** How the peak was measured. */
  method: string;
  /** Of float32 multiply-adds on one core, by instruction set. */
  gflops: Record<string, number>;
  /** Read by one core from a buffer of that size; absent where no compiler is at hand. */
  gbps?: Record<string, number>;
}

/** A loop in registers (limits.c) where there is a C compiler, else the best matrix product of our own kernels. */
export function measureLimits(): Limits {
  const compiled = registerLoops();
  if (compiled !== undefined) return { method: "multiply-adds in registers", ...compiled };
  return {
    method: "the best product of our own kernels, no C compiler being at hand",
    gflops: ownProducts(),
  };
}

/** The larger of two measurements of the same machine: a limit is what was ever reached. */
export function higher(first: Limits, second: Limits): Limits {
  const larger = (a: Record<string, number>, b: Record<string, number>) =>
    Object.fromEntries(Object.entries(a).map(([name, rate]) => [name, Math.max(rate, b[name] ?? 0)]));
  const gbps = first.gbps && larger(first.gbps, second.gbps ?? {});
  return { method: first.method, gflops: larger(first.gflops, second.gflops), ...(gbps && { gbps }) };
}

const COMPILERS = ["clang-19", "clang", "cc", "gcc"];

function registerLoops(): Omit<Limits, "method"> | undefined {
  const source = fileURLToPath(new URL("limits.c", import.meta.url));
  const native = process.arch === "arm64" ? "-mcpu=native" : "-march=native";
  const folder = mkdtempSync(join(tmpdir(), "unrolled-limits-"));
  const program = join(folder, "limits");
  try {
    for (const compiler of COMPILERS) {
      try {
        execFileSync(compiler, ["-O3", native, "-ffp-contract=fast", source, "-o", program], {
          stdio: "ignore",
        });
      } catch {
        continue; // not there, or of another kind: the next one
      }
      return JSON.parse(execFileSync(program, { encoding: "utf8" })) as Omit<Limits, "method">;
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const SIZE = 384;
const TRIES = 20;

function ownProducts(): Record<string, number> {
  const backends = [createWasmBackend(), createNativeBackend().backend];
  const found = backends.filter((backend) => backend !== undefined);
  return Object.fromEntries(found.map((backend) => [backend.instructions, productRate(backend)]));
}

/** GFLOP/s of a square product that the caches hold. */
function productRate(backend: Backend): number {
  const { kernels } = backend;
  const heap = heapOf(backend);
  const words = SIZE * SIZE;
  const [a, b, c] = Array.from({ length: 3 }, () => heap.allocate(4 * words, "a matrix"));
  const scratch = heap.allocate(4 * kernels.gemm_scratch(SIZE, SIZE, SIZE), "scratch");
  for (const address of [a, b]) kernels.fill(address, 0.5, words);
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const start = performance.now();
    kernels.gemm(c, a, b, 0, SIZE, SIZE, SIZE, 0, 0, 0, scratch);
    best = Math.min(best, performance.now() - start);
  }
  return (2e-6 * SIZE ** 3) / best;
}
