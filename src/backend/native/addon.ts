import type { Kernels } from "../backend.ts";
import { KERNEL_NAMES } from "../kernels.generated.ts";
import { addonName, checksumName, checksumOf } from "./addon-file.ts";

/** Instruction sets that an addon may contain: three for x86-64 and one for ARM. */
export const INSTRUCTIONS = ["amx", "avx512", "avx2", "neon"] as const;
export type NativeInstructions = (typeof INSTRUCTIONS)[number];

/** The exports of the addon (kernels/native/addon.c). */
export interface Addon {
  /** Instruction sets that the addon contains and this processor supports, best first. */
  readonly instructions: readonly NativeInstructions[];
  /** Instruction sets that the addon contains and that cannot run here, each with a clause that says why. */
  readonly lacking: Readonly<Partial<Record<NativeInstructions, string>>>;
  create(
    instructions: NativeInstructions,
    buffer: ArrayBufferLike,
  ): { readonly kernels: Kernels; attach(buffer: ArrayBufferLike): void };
}

export type Loaded =
  | { readonly addon: Addon; readonly reason?: undefined }
  | { readonly addon?: undefined; readonly reason: string };

const BUILD = "npm run build:native makes one";

/**
 * The part of `URL` that is needed. The type `URL` itself comes from the DOM or from Node, and a program may have
 * neither.
 */
export interface FolderUrl {
  readonly href: string;
}

/**
 * Loads the addon of this machine from `folder`, or says in one line why it cannot. Only a complete file is passed to
 * the system, because loading a truncated one can terminate the process.
 */
export function loadAddon(folder: FolderUrl): Loaded {
  const { process } = globalThis;
  if (process?.getBuiltinModule === undefined || process.dlopen === undefined) {
    return { reason: "the native kernels need Node" };
  }
  const fs = process.getBuiltinModule("node:fs");
  const path = process.getBuiltinModule("node:url").fileURLToPath(new URL(addonName(process), folder.href));
  let bytes: Uint8Array;
  let expected: string;
  try {
    bytes = fs.readFileSync(path);
    expected = fs.readFileSync(new URL(checksumName(process), folder.href), "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      return { reason: `${path} cannot be read: ${oneLine(error)}` };
    return {
      reason: `there are no native kernels for ${process.platform} on ${process.arch} here; ${BUILD}`,
    };
  }
  if (checksumOf(bytes) !== expected) {
    return { reason: `${path} is damaged or of another build; ${BUILD}` };
  }
  const module: { exports: Partial<Addon> } = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (error) {
    return { reason: `${path} cannot be loaded: ${oneLine(error)}` };
  }
  const { instructions, lacking, create } = module.exports;
  if (!Array.isArray(instructions) || typeof lacking !== "object" || typeof create !== "function") {
    return { reason: `${path} does not hold the kernels; ${BUILD}` };
  }
  const addon = module.exports as Addon;
  const missing = missingIn(addon);
  if (missing.length > 0) {
    return { reason: `${path} is of another build: it lacks ${missing.join(", ")}; ${BUILD}` };
  }
  return { addon };
}

/** Kernels that this package calls and the addon does not contain. */
function missingIn({ instructions, create }: Addon): string[] {
  const [best] = instructions;
  if (best === undefined) return [];
  const { kernels } = create(best, new ArrayBuffer(64));
  return KERNEL_NAMES.filter((name) => !(name in kernels));
}

function oneLine(error: unknown): string {
  return error instanceof Error ? error.message.split("\n")[0] : String(error);
}
