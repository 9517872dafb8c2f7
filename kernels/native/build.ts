/**
 * Builds the native addon: every kernel once for each instruction set, all in one binary.
 *
 *   node kernels/native/build.ts           for this machine, into src/backend/native/
 *   node kernels/native/build.ts --arm64   for ARM's NEON, only to see that it compiles and links
 *   node kernels/native/build.ts --sanitize
 *                                          with AddressSanitizer, to run the kernels' tests under it (sanitize.ts)
 *   node kernels/native/build.ts --emulate-amx FOLDER
 *                                          AMX alone with its instructions in software, for tests and measurements
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { addonName, checksumName, checksumOf } from "../../src/backend/native/addon-file.ts";
import { declaredKernels } from "../header.ts";
import {
  ARM64,
  CLANG,
  compile,
  compileAll,
  EMULATED_AMX,
  type InstructionSet,
  KERNELS,
  outputOf,
  sources,
  WARNINGS,
  withTemporary,
  X64,
} from "../toolchain.ts";
import { bindingSource, globalNames, renaming, tableSource } from "./generate.ts";
import { testSanitized } from "./sanitize.ts";

export const NATIVE = join(KERNELS, "..", "src", "backend", "native");
const HERE = join(KERNELS, "native");
const LLD = "ld.lld-19";

export interface Target {
  readonly platform: "linux" | "darwin";
  readonly arch: "x64" | "arm64";
  readonly clang: string;
  /** Only when it is not the machine that builds. */
  readonly triple?: string;
  readonly emulateAmx?: boolean;
  /** With AddressSanitizer, whose runtime the process that loads the addon has to bring. */
  readonly sanitize?: boolean;
}

/** The one whose binary is kept in the repository. */
export const KEPT: Target = { platform: "linux", arch: "x64", clang: CLANG };

const CROSS_ARM64: Target = { platform: "linux", arch: "arm64", clang: CLANG, triple: "aarch64-linux-gnu" };

function instructionSets({ arch, emulateAmx }: Target): Readonly<Record<string, InstructionSet>> {
  if (emulateAmx) return { amx: EMULATED_AMX };
  return arch === "x64" ? X64 : ARM64;
}

/** Puts the addon into `folder`, a checksum beside it. @returns the addon's file name */
export function buildAddon(target: Target, folder: string): string {
  const file = addonName(target);
  withTemporary((work) => {
    const declarations = declaredKernels();
    const machine = target.triple === undefined ? [] : [`--target=${target.triple}`];
    const plain = [...machine, "-fPIC", "-fvisibility=hidden"];
    const common = target.sanitize ? [...plain, "-fsanitize=address", "-fno-omit-frame-pointer"] : plain;
    const objects = Object.entries(instructionSets(target)).flatMap(([name, { flags }]) => {
      const place = join(work, name);
      mkdirSync(place);
      const header = join(place, "renaming.h");
      const shared = sharedNames(target, [...plain, ...flags], place);
      const missing = declarations.find((declaration) => !shared.includes(declaration.name));
      if (missing) throw new Error(`unrolled.h declares ${missing.name}, which no source defines`);
      writeFileSync(header, renaming(name, shared));
      const table = join(place, "table.c");
      writeFileSync(table, tableSource(declarations));
      const own = [...common, ...flags, "-include", header, `-I${KERNELS}`];
      const object = join(place, "table.o");
      compile(table, object, [...own, `-DTABLE=${name}_kernels`], target.clang);
      return [...compileAll(place, own, target.clang), object];
    });
    const binding = join(work, "binding.c");
    writeFileSync(binding, bindingSource(declarations));
    for (const source of [binding, join(HERE, "addon.c")]) {
      const object = join(work, `${objects.length}.o`);
      // Version 8 of the interface is in every Node that this package supports.
      const emulate = target.emulateAmx ? ["-DUNROLLED_EMULATE_AMX"] : [];
      const flags = [`-I${HERE}`, `-I${KERNELS}`, `-I${apiHeaders()}`, "-DNAPI_VERSION=8", ...emulate];
      compile(source, object, [...common, ...flags], target.clang);
      objects.push(object);
    }
    link(target, objects, join(work, file));
    const checksum = checksumOf(readFileSync(join(work, file)));
    writeFileSync(join(work, checksumName(target)), `${checksum}\n`);
    mkdirSync(folder, { recursive: true });
    // In its place at once: a process that runs the addon before would die of a file that changes under it.
    for (const made of [file, checksumName(target)]) {
      copyFileSync(join(work, made), join(folder, `${made}.new`));
      renameSync(join(folder, `${made}.new`), join(folder, made));
    }
  });
  return file;
}

/** What the kernels' files define for each other: asked of the compiler, which knows it best. */
function sharedNames({ clang }: Target, flags: readonly string[], folder: string): string[] {
  const text = ["-S", "-O0", "-std=c11", "-ffreestanding", ...WARNINGS];
  for (const [index, source] of sources().entries()) {
    outputOf(clang, [...flags, ...text, source, "-o", join(folder, `${index}.s`)]);
  }
  const assembly = readdirSync(folder).filter((name) => name.endsWith(".s"));
  return globalNames(assembly.map((name) => readFileSync(join(folder, name), "utf8")).join("\n"));
}

function apiHeaders(): string {
  const { include_dir } = createRequire(import.meta.url)("node-api-headers") as { include_dir: string };
  return include_dir;
}

/**
 * Neither a C library nor start files: what is missing (Node's interface, memcpy, memset, memmove, malloc, free) comes
 * from the process that loads the addon. So it needs no particular version of a C library, and its bytes depend on the
 * compiler alone. All of it is looked up when the addon is loaded: an old Node is then an error and no crash later.
 */
function link({ platform, clang, triple }: Target, objects: readonly string[], out: string): void {
  const machine = triple === undefined ? [] : [`--target=${triple}`];
  if (platform === "darwin") {
    outputOf(clang, [
      ...machine,
      "-bundle",
      "-undefined",
      "dynamic_lookup",
      "-Wl,-S,-x",
      ...objects,
      "-o",
      out,
    ]);
    return;
  }
  const lld = outputOf(LLD, ["--version"]) === undefined ? [] : [`--ld-path=${LLD}`];
  outputOf(clang, [
    ...[...machine, "-shared", "-nostdlib", ...lld, "-s"],
    ...["--build-id=none", "-z,now", "-z,relro", "--gc-sections", "--hash-style=gnu"].map((o) => `-Wl,${o}`),
    ...[...objects, "-o", out],
  ]);
}

/** The first compiler here that knows what simd.h needs: vector extensions with the elementwise functions. */
function usableClang(): string | undefined {
  const probe = '_Static_assert(__has_builtin(__builtin_elementwise_fma), "");';
  return [CLANG, "clang", "clang-22", "clang-21", "clang-20", "clang-18"].find((clang) => {
    try {
      return outputOf(clang, ["-x", "c", "-fsyntax-only", "-"], probe) !== undefined;
    } catch {
      return false; // It is there, and too old.
    }
  });
}

function thisMachine(): Target | string {
  const { platform, arch } = process;
  if ((platform !== "linux" && platform !== "darwin") || (arch !== "x64" && arch !== "arm64")) {
    return `the native backend is for Linux and macOS on x64 and arm64, not for ${platform} on ${arch}`;
  }
  const clang = usableClang();
  if (clang === undefined) {
    return "building the native backend needs clang 17 or newer: the kernels use its vector extensions, which gcc lacks";
  }
  return { platform, arch, clang };
}

function main(args: readonly string[]): number {
  if (args[0] === "--arm64") {
    if (outputOf(CLANG, ["--version"]) === undefined || outputOf(LLD, ["--version"]) === undefined) {
      console.log(`skipped: compiling for ARM needs ${CLANG} and ${LLD}`);
      return 0;
    }
    return withTemporary((folder) => {
      const file = buildAddon(CROSS_ARM64, folder);
      console.log(`${file}: compiled and linked, ${readFileSync(join(folder, file)).length} bytes`);
      return 0;
    });
  }
  if (args[0] === "--emulate-amx" && args.length === 2) {
    if (process.platform !== KEPT.platform || process.arch !== KEPT.arch || !outputOf(CLANG, ["--version"])) {
      console.log(`skipped: emulating AMX needs ${CLANG} on x64 Linux`);
      return 0;
    }
    console.log(`${buildAddon({ ...KEPT, emulateAmx: true }, args[1])}: AMX in software`);
    return 0;
  }
  if (args[0] === "--sanitize" && args.length === 1) return testSanitized();
  if (args.length) {
    console.error(`unknown option ${args[0]}; known: --arm64, --sanitize, --emulate-amx FOLDER`);
    return 2;
  }
  const target = thisMachine();
  if (typeof target === "string") {
    console.error(`${target}; without it everything works on WebAssembly`);
    return 1;
  }
  const file = buildAddon(target, NATIVE);
  const sets = Object.keys(instructionSets(target)).join(", ");
  console.log(`${file}: ${readFileSync(join(NATIVE, file)).length} bytes, ${sets}, by ${target.clang}`);
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
