/**
 * Builds the kernels.
 *
 *   node kernels/build.ts                          both WebAssembly modules, kernels/TOOLCHAIN, and the TypeScript that
 *                                                  describes the kernels (src/backend/kernels.generated.ts)
 *   node kernels/build.ts --check                  rebuild them and the native addon, and compare byte for byte
 *   node kernels/build.ts --typescript             the TypeScript alone, which takes no compiler
 *   node kernels/build.ts --native avx2|avx512 OUT a shared object of the same source, for tests and the bench
 *   node kernels/build.ts --test                   the native kernels against plain loops in double
 *
 * The addon that the native backend loads is built by kernels/native/build.ts.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { checksumName } from "../src/backend/native/addon-file.ts";
import { declaredKernels, readHeader } from "./header.ts";
import { buildAddon, KEPT, NATIVE } from "./native/build.ts";
import {
  CLANG,
  compileAll,
  installedToolchain,
  KERNELS,
  LINKER,
  otherToolchain,
  TOOLCHAIN,
  WARNINGS,
  withTemporary,
  X64,
} from "./toolchain.ts";
import { GENERATED, typescriptSource } from "./typescript.ts";

const WASM = join(KERNELS, "..", "src", "backend", "wasm");

/** Relaxed SIMD adds the fused multiply-add; a host without it takes the baseline module. */
const MODULES = {
  "unrolled-simd.wasm": ["-msimd128"],
  "unrolled-relaxed.wasm": ["-msimd128", "-mrelaxed-simd"],
} as const;

/** The stack holds tile buffers only; static data lies above it and the heap above that. */
const STACK_BYTES = 65536;

function buildModule(file: keyof typeof MODULES, out: string): void {
  withTemporary((folder) => {
    const objects = compileAll(folder, ["--target=wasm32", "-mbulk-memory", ...MODULES[file]]);
    const names = [...declaredKernels().map(({ name }) => name), "__heap_base"];
    execFileSync(
      LINKER,
      [
        ...["--no-entry", "--import-memory", "--stack-first", "-z", `stack-size=${STACK_BYTES}`],
        ...["--strip-all", "--gc-sections", ...names.map((name) => `--export=${name}`)],
        ...[...objects, "-o", out],
      ],
      { stdio: "inherit" },
    );
  });
}

function buildNative(instructions: string, out: string): void {
  withTemporary((folder) => {
    const objects = compileAll(folder, [...X64[instructions].flags, "-fPIC"]);
    execFileSync(CLANG, ["-shared", "-s", ...objects, "-o", out], { stdio: "inherit" });
  });
}

function check(): number {
  const isCurrent = readFileSync(GENERATED, "utf8") === typescriptSource(readHeader());
  const file = basename(GENERATED);
  console.log(
    `${file}: ${isCurrent ? "what unrolled.h gives" : "differs from unrolled.h; run node kernels/build.ts"}`,
  );
  const reason = otherToolchain();
  if (reason !== undefined) {
    console.log(`skipped: ${reason}`);
    return isCurrent ? 0 : 1;
  }
  return withTemporary((folder) => {
    let different = isCurrent ? 0 : 1;
    const compare = (file: string, home: string, command: string) => {
      const kept = join(home, file);
      const same = existsSync(kept) && readFileSync(join(folder, file)).equals(readFileSync(kept));
      if (!same) different++;
      console.log(`${file}: ${same ? "same bytes" : `differs from its source; run ${command}`}`);
    };
    for (const file of Object.keys(MODULES) as (keyof typeof MODULES)[]) {
      buildModule(file, join(folder, file));
      compare(file, WASM, "node kernels/build.ts");
    }
    compare(buildAddon(KEPT, folder), NATIVE, "npm run build:native");
    compare(checksumName(KEPT), NATIVE, "npm run build:native");
    return different ? 1 : 0;
  });
}

/**
 * Compiles kernels/test/native.c with each instruction set and runs it where the processor has it; AMX, which a process
 * has to ask for, is tested in the addon (test/kernels). Then the detection of instruction sets, with made-up processors.
 */
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
    for (const isa of ["avx512", "avx2"]) {
      const { flags, cpu: needed } = X64[isa];
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
    const detection = join(folder, "test-cpu");
    execFileSync(CLANG, ["-std=c11", "-O1", ...WARNINGS, join(KERNELS, "test", "cpu.c"), "-o", detection], {
      stdio: "inherit",
    });
    try {
      process.stdout.write(`detection: ${execFileSync(detection, { encoding: "utf8" })}`);
    } catch (error) {
      console.log(`detection: failed\n${(error as { stdout?: string }).stdout ?? ""}`);
      failed++;
    }
    return failed ? 1 : 0;
  });
}

function main(args: readonly string[]): number {
  if (args[0] === "--check") return check();
  if (args[0] === "--test") return testNative();
  if (args[0] === "--typescript") {
    writeFileSync(GENERATED, typescriptSource(readHeader()));
    return 0;
  }
  const toolchain = installedToolchain();
  if (toolchain === undefined) {
    console.error(`building the kernels needs ${CLANG} and ${LINKER} on the path`);
    return 1;
  }
  if (args[0] === "--native") {
    if (args.length !== 3 || !(args[1] in X64)) {
      console.error("usage: node kernels/build.ts --native avx2|avx512 OUT.so");
      return 2;
    }
    buildNative(args[1], args[2]);
    return 0;
  }
  if (args.length) {
    console.error(`unknown option ${args[0]}; known: --check, --test, --typescript, --native`);
    return 2;
  }
  writeFileSync(GENERATED, typescriptSource(readHeader()));
  mkdirSync(WASM, { recursive: true });
  for (const file of Object.keys(MODULES) as (keyof typeof MODULES)[]) {
    buildModule(file, join(WASM, file));
    console.log(`${file}: ${readFileSync(join(WASM, file)).length} bytes`);
  }
  writeFileSync(TOOLCHAIN, toolchain);
  return 0;
}

process.exitCode = main(process.argv.slice(2));
