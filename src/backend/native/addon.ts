import type { Kernels } from "../backend.ts";
import { KERNEL_NAMES } from "../kernels.generated.ts";
import { addonName, checksumName, checksumOf } from "./addon-file.ts";

/** Instruction sets that an addon may hold: x86-64's three, and ARM's. */
export const INSTRUCTIONS = ["amx", "avx512", "avx2", "neon"] as const;
export type NativeInstructions = (typeof INSTRUCTIONS)[number];

/** What the addon (kernels/native/addon.c) exports. */
export interface Addon {
  /** What it holds and this processor can run, the best first. */
  readonly instructions: readonly NativeInstructions[];
  /** What it holds and cannot run here: a clause that says why. */
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

/** As much of a URL as is needed: the type `URL` itself is the DOM's or Node's, and a program may have neither. */
export interface FolderUrl {
  readonly href: string;
}

/**
 * Loads the addon of this machine from `folder`, or says in one line why not. Only a file that is whole is given to
 * the system: loading half of one can end the process.
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

/** Kernels that this package calls and the addon does not hold. */
function missingIn({ instructions, create }: Addon): string[] {
  const [best] = instructions;
  if (best === undefined) return [];
  const { kernels } = create(best, new ArrayBuffer(64));
  return KERNEL_NAMES.filter((name) => !(name in kernels));
}

function oneLine(error: unknown): string {
  return error instanceof Error ? error.message.split("\n")[0] : String(error);
}
