/**
 * What a call from JavaScript costs, in nanoseconds: kernels that have nothing to do, native beside WebAssembly.
 *
 *   node kernels/native/calls.ts
 */
import type { Backend, Kernels } from "../../src/backend/backend.ts";
import { createNativeBackend } from "../../src/backend/native/native.ts";
import { createWasmBackend } from "../../src/backend/wasm/wasm.ts";

const CALLS = 200_000;
const ROUNDS = 15;

const A = 4096;
/** By the number of arguments; sizes are 0 where a kernel would work otherwise. */
const CASES: readonly (readonly [string, (k: Kernels) => void])[] = [
  ["3: gemm_scratch", (k) => k.gemm_scratch(1, 1, 1)],
  ["4: add", (k) => k.add(A, A, A, 0)],
  ["6: copy_rows", (k) => k.copy_rows(A, 1, A, 1, 0, 0)],
  ["11: gemm", (k) => k.gemm(A, A, A, 0, 0, 0, 0, 0, 0, 0, A)],
  ["13: adam", (k) => k.adam(A, A, 0, A, A, A, 0.1, 0.9, 0.99, 1e-8, 0, 0, 0)],
];

/** The best of all rounds: a busy machine only ever adds. */
function best(work: (k: Kernels) => void, { kernels, memory }: Backend): number {
  memory.reserve(2 * A);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let call = 0; call < CALLS; call++) work(kernels);
    least = Math.min(least, ((performance.now() - start) * 1e6) / CALLS);
  }
  return least;
}

const native = createNativeBackend();
const wasm = createWasmBackend();
if (native.backend === undefined || wasm === undefined) {
  console.error(native.reason ?? "the WebAssembly kernels cannot be read");
  process.exitCode = 1;
} else {
  console.log("arguments: kernel    wasm  native   (ns a call)");
  for (const [name, work] of CASES) {
    const [w, n] = [wasm, native.backend].map((backend) => best(work, backend).toFixed(0).padStart(6));
    console.log(`${name.padEnd(18)} ${w}  ${n}`);
  }
}
