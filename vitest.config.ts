import { globSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** `npm run test:quick`: of each part the fastest tests that tell most. CONTRIBUTING.md says what they cover. */
const QUICK = [
  "test/imports.test.ts",
  "test/core/*.test.ts",
  "test/backend/wasm-loading.test.ts",
  "test/kernels/{binding,gemm}.test.ts",
  "test/autograd/{conformance-goldens,gradients}.test.ts",
  "test/nn/{embedding,init,model-goldens,own-cell,recurrent-goldens}.test.ts",
  "test/optim/{clip,optimizers,schedules}.test.ts",
  "test/data/{text-batches,vocabulary,words}.test.ts",
  "test/io/safetensors.test.ts",
  "test/decode/*.test.ts",
  "test/inspect/*.test.ts",
  "test/run/load-weights.test.ts",
  "test/train/{history,patience}.test.ts",
  "test/runs/{file-system,run-list,run-store}.test.ts",
  "test/tasks/run-goldens.test.ts",
  "test/render/charts.test.ts",
  "test/cli/{format,table}.test.ts",
];

/** `npm run test:long`: what takes more calls or cases with UNROLLED_LONG. */
const LONG = [
  "test/api/hostile-calls.test.ts",
  "test/autograd/hostile-ops.test.ts",
  "test/kernels/{amx,build,gemm,parts,recurrent,tails}.test.ts",
  "test/nn/memory.test.ts",
  "test/bench/contestants.test.ts",
  "test/demos/gradcheck.test.ts",
  "test/data/tokenizers.test.ts",
  "test/tasks/{text-memory,text-resume}.test.ts",
  "test/cli/kill.test.ts",
  "test/train/{replicas,shards}.test.ts",
  "test/browser/{tasks,template}.test.ts",
];

checkLists();

/** A file that is renamed must not leave the lists unnoticed, and one with long cases must be among the long ones. */
function checkLists(): void {
  const filesOf = (pattern: string) => globSync(pattern, { cwd: import.meta.dirname });
  for (const pattern of [...QUICK, ...LONG].flatMap(expandBraces)) {
    if (filesOf(pattern).length === 0) {
      throw new Error(`vitest.config.ts lists ${pattern}, which no file matches: correct QUICK or LONG`);
    }
  }
  const long = new Set(LONG.flatMap(filesOf));
  for (const file of filesOf("test/**/*.test.ts")) {
    const source = readFileSync(new URL(file, import.meta.url), "utf8");
    if (!long.has(file) && source.includes("support/long.ts")) {
      throw new Error(`${file} has long cases: add it to LONG in vitest.config.ts`);
    }
  }
}

/** `a/{b,c}.ts` as `a/b.ts` and `a/c.ts`, so that a name that is gone is not hidden by one that is there. */
function expandBraces(pattern: string): string[] {
  const [braces, names] = /\{([^}]+)\}/.exec(pattern) ?? [];
  if (braces === undefined) return [pattern];
  return names.split(",").flatMap((name) => expandBraces(pattern.replace(braces, name)));
}

export default defineConfig(({ mode }) => ({
  resolve: {
    // A test's own cell imports the package as a user's does, and must get the sources that are under test.
    alias: [
      { find: /^unrolled$/, replacement: fileURLToPath(new URL("./src/index.ts", import.meta.url)) },
      {
        find: /^unrolled\/(\w+)$/,
        replacement: fileURLToPath(new URL("./src/$1/index.ts", import.meta.url)),
      },
    ],
  },
  test: {
    // Node strips types with WebAssembly of its own in each of the many threads that the tests start, and V8 then ends
    // the process in two ways. Its registry of code pages loses pages on processors with protection keys ("Check failed:
    // jit_page.has_value()", nodejs/node issue 64500); and it frees a wrapper between WebAssembly and JavaScript that
    // another thread has replaced (SIGSEGV below Runtime_TierUpWasmToJSWrapper), which it never does where wrappers stay
    // as they are.
    execArgv: ["--no-memory-protection-keys", "--wasm-wrapper-tiering-budget=1000000000"],
    include: mode === "quick" ? QUICK : mode === "long" ? LONG : ["test/**/*.test.ts"],
    env: {
      // Threads find their modules stripped and compiled: a third of the time of tests that start many.
      NODE_COMPILE_CACHE: fileURLToPath(new URL("./node_modules/.cache/unrolled", import.meta.url)),
      ...(mode === "long" ? { UNROLLED_LONG: "1" } : {}),
    },
    // The quick tests share their modules: loading them for each file would take half of the time.
    isolate: mode !== "quick",
    globalSetup: ["test/support/state-folder.ts", "test/support/build-emulated-amx.ts"],
    // Vitest would leave a core to itself, which on two of them doubles the time.
    maxWorkers: availableParallelism(),
    // A generous limit against hangs; how fast things are is measured in bench/.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
}));
