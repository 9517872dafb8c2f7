/** What every build of the kernels shares: the tools, their flags, the list of sources. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const KERNELS = dirname(fileURLToPath(import.meta.url));
export const CLANG = "clang-19";
export const LINKER = "wasm-ld-19";

/** Names the tools that made the builds which are kept in the repository. */
export const TOOLCHAIN = join(KERNELS, "TOOLCHAIN");

export interface InstructionSet {
  readonly flags: readonly string[];
  /** As /proc/cpuinfo calls what a processor needs. */
  readonly cpu: readonly string[];
}

const AVX512: InstructionSet = {
  flags: ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"],
  cpu: ["avx512f", "avx512bw", "avx512dq", "avx512vl", "fma"],
};

/** Products of bf16 parts (kernels/tile_amx.c); all else is AVX-512's. */
const SPLIT = [...AVX512.flags, "-mavx512bf16", "-DUNROLLED_AMX"];

/** Instruction sets of x86-64 that the native kernels are built for, the best first. */
export const X64: Readonly<Record<string, InstructionSet>> = {
  amx: {
    flags: [...SPLIT, "-mamx-tile", "-mamx-bf16"],
    cpu: [...AVX512.cpu, "avx512_bf16", "amx_tile", "amx_bf16"],
  },
  avx512: AVX512,
  avx2: { flags: ["-mavx2", "-mfma"], cpu: ["avx2", "fma"] },
};

/** For tests and measurements: the tile instructions in software (kernels/amx_emulated.h). */
export const EMULATED_AMX: InstructionSet = {
  flags: [...SPLIT, "-DUNROLLED_EMULATE_AMX"],
  cpu: [...AVX512.cpu, "avx512_bf16"],
};

/** NEON is part of every 64-bit ARM processor. */
export const ARM64: Readonly<Record<string, InstructionSet>> = { neon: { flags: [], cpu: [] } };

/** No contraction by the compiler: where a product and a sum are fused, the source says so (fma_). */
export const COMMON = ["-std=c11", "-O3", "-ffreestanding", "-ffp-contract=off", "-fno-math-errno", "-g0"];
export const WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-psabi"];

/** Full paths of the kernels' sources. */
export function sources(): string[] {
  return readdirSync(KERNELS)
    .filter((name) => name.endsWith(".c"))
    .sort()
    .map((name) => join(KERNELS, name));
}

export function compile(source: string, object: string, flags: readonly string[], clang = CLANG): void {
  // No folder of this machine may get into the bytes.
  const paths = [KERNELS, dirname(object)].map((folder) => `-ffile-prefix-map=${folder}=kernels`);
  execFileSync(clang, [...flags, ...COMMON, ...WARNINGS, ...paths, "-c", source, "-o", object], {
    stdio: "inherit",
    cwd: KERNELS,
  });
}

/** Compiles every kernel into `folder`. @returns the object files */
export function compileAll(folder: string, flags: readonly string[], clang = CLANG): string[] {
  return sources().map((source) => {
    const object = join(folder, `${basename(source, ".c")}.o`);
    compile(source, object, flags, clang);
    return object;
  });
}

export function withTemporary<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "unrolled-kernels-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a tool prints, or nothing where there is no such tool. */
export function outputOf(tool: string, args: readonly string[], input = ""): string | undefined {
  try {
    return execFileSync(tool, args, { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** First lines of both tools' versions, or nothing when one is missing. */
export function installedToolchain(): string | undefined {
  const lines = [CLANG, LINKER].map((tool) => outputOf(tool, ["--version"])?.split("\n")[0]);
  return lines.includes(undefined) ? undefined : `${lines.join("\n")}\n`;
}

/** Why builds cannot be compared with the kept ones here, or nothing when they can. */
export function otherToolchain(): string | undefined {
  const wanted = readFileSync(TOOLCHAIN, "utf8");
  if (installedToolchain() === wanted) return undefined;
  return `comparing the kernels' builds needs ${wanted.trim().replace("\n", " and ")}`;
}
