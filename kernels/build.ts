/**
 * Builds the kernels.
 *
 *   node kernels/build.ts                          both WebAssembly modules and kernels/TOOLCHAIN
 *   node kernels/build.ts --check                  rebuild elsewhere and compare byte for byte
 *   node kernels/build.ts --native avx2|avx512 OUT a shared object of the same source
 *   node kernels/build.ts --test                   the native kernels against plain loops in double
 */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const KERNELS = dirname(fileURLToPath(import.meta.url));
const WASM = join(KERNELS, "..", "src", "backend", "wasm");
const TOOLCHAIN = join(KERNELS, "TOOLCHAIN");
const CLANG = "clang-19";
const LINKER = "wasm-ld-19";

/** Relaxed SIMD adds the fused multiply-add; a host without it takes the baseline module. */
const MODULES = {
  "unrolled-simd.wasm": ["-msimd128"],
  "unrolled-relaxed.wasm": ["-msimd128", "-mrelaxed-simd"],
} as const;

const NATIVE: Record<string, { flags: string[]; cpu: string[] }> = {
  avx2: { flags: ["-mavx2", "-mfma"], cpu: ["avx2", "fma"] },
  avx512: {
    flags: ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"],
    cpu: ["avx512f", "avx512bw", "avx512dq", "avx512vl"],
  },
};

/** No contraction by the compiler: where a product and a sum are fused, the source says so (fma_). */
const COMMON = ["-std=c11", "-O3", "-ffreestanding", "-ffp-contract=off", "-fno-math-errno", "-g0"];
const WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-psabi"];

/** The stack holds tile buffers only; static data lies above it and the heap above that. */
const STACK_BYTES = 65536;

function sources(): string[] {
  return readdirSync(KERNELS)
    .filter((name) => name.endsWith(".c"))
    .sort();
}

/** The functions that unrolled.h declares: the header is the list of exports. */
function exportedNames(): string[] {
  const header = readFileSync(join(KERNELS, "unrolled.h"), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  return [...header.matchAll(/\b(?:void|int)\s+(\w+)\s*\(/g)].map((match) => match[1]);
}

function compile(source: string, object: string, flags: readonly string[]): void {
  const prefix = `-ffile-prefix-map=${KERNELS}=kernels`;
  execFileSync(CLANG, [...flags, ...COMMON, ...WARNINGS, prefix, "-c", source, "-o", object], {
    stdio: "inherit",
    cwd: KERNELS,
  });
}

function withTemporary<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "unrolled-kernels-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function buildModule(file: keyof typeof MODULES, out: string): void {
  withTemporary((folder) => {
    const objects = sources().map((source) => {
      const object = join(folder, `${basename(source, ".c")}.o`);
      compile(source, object, ["--target=wasm32", "-mbulk-memory", ...MODULES[file]]);
      return object;
    });
    const exports = [...exportedNames(), "__heap_base"].map((name) => `--export=${name}`);
    execFileSync(
      LINKER,
      [
        ...["--no-entry", "--import-memory", "--stack-first", "-z", `stack-size=${STACK_BYTES}`],
        ...["--strip-all", "--gc-sections", ...exports, ...objects, "-o", out],
      ],
      { stdio: "inherit" },
    );
  });
}

export function buildNative(isa: string, out: string): void {
  withTemporary((folder) => {
    const objects = sources().map((source) => {
      const object = join(folder, `${basename(source, ".c")}.o`);
      compile(source, object, [...NATIVE[isa].flags, "-fPIC"]);
      return object;
    });
    execFileSync(CLANG, ["-shared", "-s", ...objects, "-o", out], { stdio: "inherit" });
  });
}

/** First lines of both tools' versions, or nothing when one is missing. */
function installedToolchain(): string | undefined {
  try {
    const first = (tool: string) => execFileSync(tool, ["--version"], { encoding: "utf8" }).split("\n")[0];
    return `${first(CLANG)}\n${first(LINKER)}\n`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function check(): number {
  const wanted = readFileSync(TOOLCHAIN, "utf8");
  if (installedToolchain() !== wanted) {
    console.log(`skipped: comparing the kernels' builds needs ${wanted.trim().replace("\n", " and ")}`);
    return 0;
  }
  return withTemporary((folder) => {
    let different = 0;
    for (const file of Object.keys(MODULES) as (keyof typeof MODULES)[]) {
      const rebuilt = join(folder, file);
      buildModule(file, rebuilt);
      const kept = join(WASM, file);
      const same = existsSync(kept) && readFileSync(rebuilt).equals(readFileSync(kept));
      if (!same) different++;
      console.log(`${file}: ${same ? "same bytes" : "differs from its source; run node kernels/build.ts"}`);
    }
    return different ? 1 : 0;
  });
}

/** Compiles kernels/test/native.c with each instruction set and runs it where the processor has it. */
function testNative(): number {
  if (process.platform !== "linux" || process.arch !== "x64" || installedToolchain() === undefined) {
    console.log(`skipped: the native kernels' test needs ${CLANG} on x64 Linux`);
    return 0;
  }
  const cpu = new Set(
    readFileSync("/proc/cpuinfo", "utf8")
      .match(/^flags\s*:.*$/m)?.[0]
      .split(/\s+/),
  );
  return withTemporary((folder) => {
    let failed = 0;
    for (const [isa, { flags, cpu: needed }] of Object.entries(NATIVE)) {
      if (!needed.every((flag) => cpu.has(flag))) {
        console.log(`${isa}: skipped, this processor lacks it`);
        continue;
      }
      const library = join(folder, `unrolled-${isa}.so`);
      const program = join(folder, `test-${isa}`);
      buildNative(isa, library);
      const test = [join(KERNELS, "test", "native.c"), library, `-Wl,-rpath,${folder}`, "-lm", "-o", program];
      execFileSync(CLANG, [...flags, "-std=c11", "-O1", ...WARNINGS, `-I${KERNELS}`, ...test], {
        stdio: "inherit",
      });
      try {
        process.stdout.write(`${isa}: ${execFileSync(program, { encoding: "utf8" })}`);
      } catch (error) {
        const { stdout, signal } = error as { stdout?: string; signal?: string };
        console.log(`${isa}: failed ${signal ?? ""}\n${stdout ?? ""}`);
        failed++;
      }
    }
    return failed ? 1 : 0;
  });
}

function main(args: readonly string[]): number {
  if (args[0] === "--check") return check();
  if (args[0] === "--test") return testNative();
  const toolchain = installedToolchain();
  if (toolchain === undefined) {
    console.error(`building the kernels needs ${CLANG} and ${LINKER} on the path`);
    return 1;
  }
  if (args[0] === "--native") {
    if (args.length !== 3 || !(args[1] in NATIVE)) {
      console.error("usage: node kernels/build.ts --native avx2|avx512 OUT.so");
      return 2;
    }
    buildNative(args[1], args[2]);
    return 0;
  }
  if (args.length) {
    console.error(`unknown option ${args[0]}; known: --check, --test, --native`);
    return 2;
  }
  mkdirSync(WASM, { recursive: true });
  for (const file of Object.keys(MODULES) as (keyof typeof MODULES)[]) {
    buildModule(file, join(WASM, file));
    console.log(`${file}: ${readFileSync(join(WASM, file)).length} bytes`);
  }
  writeFileSync(TOOLCHAIN, toolchain);
  return 0;
}

process.exitCode = main(process.argv.slice(2));
