import { InputError } from "../../core/errors.ts";
import type { Backend } from "../backend.ts";
import { linearMemory, reserveMemory } from "../wasm-memory.ts";
import {
  type Addon,
  type FolderUrl,
  INSTRUCTIONS,
  type Loaded,
  loadAddon,
  type NativeInstructions,
} from "./addon.ts";

export type { NativeInstructions } from "./addon.ts";

/** A backend, or one line that says why there is none. */
export type NativeResult =
  | { readonly backend: Backend; readonly reason?: undefined }
  | { readonly backend?: undefined; readonly reason: string };

/** The instruction set that was chosen and those that can run here, or the reason why none can. */
export type NativeProbe =
  | { readonly addon: Addon; readonly instructions: NativeInstructions; readonly reason?: undefined }
  | { readonly addon?: undefined; readonly instructions?: undefined; readonly reason: string };

/** Address 0 means "absent". The first address that may be allocated is the start of a cache line. */
const HEAP_START = 64;

/** Not `new URL("./", import.meta.url)`: bundlers would include that folder in pages, which cannot load the addon. */
const here: string = import.meta.url;

let own: Loaded | undefined;

/** The package's own addon is loaded once per thread. */
function load(folder: FolderUrl | undefined): Loaded {
  if (folder !== undefined) return loadAddon(folder);
  own ??= loadAddon(new URL(".", here));
  return own;
}

/**
 * `highest` is plain f32. `high` allows products of f32 numbers that are split into bf16 parts (AMX). See
 * docs/precision.md.
 */
export const PRECISIONS = ["highest", "high"] as const;
export type Precision = (typeof PRECISIONS)[number];

/** The precision of the products of an instruction set. */
export function precisionOf(instructions: string): Precision {
  return instructions === "amx" ? "high" : "highest";
}

/** A precision, which selects the best instruction set that it allows, or the name of an instruction set. */
export type NativeWish = Precision | NativeInstructions;

/**
 * Determines which native kernels would run.
 * @param wish a precision or an instruction set. Default: `highest`. If several instruction sets satisfy it, the
 * environment variable UNROLLED_CPU selects one, else the best that the processor supports is used
 * @param folder the folder of the addon
 * @throws InputError if UNROLLED_CPU names an unknown instruction set, one with less precision than `wish`, or one that
 * cannot run here. The variable is binding, so there is no fallback
 */
export function probeNative(wish?: NativeWish, folder?: FolderUrl): NativeProbe {
  const named = INSTRUCTIONS.find((each) => each === wish);
  if (named !== undefined) return choose(load(folder), named);
  const forced = forcedInstructions();
  if (forced === undefined) return best(load(folder), wish === "high" ? "high" : "highest");
  const found = choose(load(folder), forced);
  if (found.reason !== undefined) {
    throw new InputError(`UNROLLED_CPU=${forced}: ${found.reason}`, {
      hint: "unset it for what this machine has",
    });
  }
  if (wish === "highest" && precisionOf(forced) !== "highest") {
    throw new InputError(
      `UNROLLED_CPU=${forced}: its products have precision high, and highest is asked for`,
      {
        hint: "unset it, or use --precision high",
      },
    );
  }
  return found;
}

function choose(found: Loaded, instructions: NativeInstructions): NativeProbe {
  if (found.addon === undefined) return { reason: found.reason };
  const { addon } = found;
  if (addon.instructions.includes(instructions)) return { addon, instructions };
  const why =
    addon.lacking[instructions] ?? `there are no kernels for ${instructions} on ${globalThis.process.arch}`;
  return { reason: [why, ...addon.instructions.slice(0, 1).map((other) => `it has ${other}`)].join("; ") };
}

function best(found: Loaded, precision: Precision): NativeProbe {
  if (found.addon === undefined) return { reason: found.reason };
  const { addon } = found;
  const instructions = addon.instructions.find(
    (each) => precision === "high" || precisionOf(each) === "highest",
  );
  if (instructions !== undefined) return { addon, instructions };
  return { reason: Object.values(addon.lacking).at(-1) ?? "the addon holds no kernels" };
}

/**
 * Creates a backend with native kernels and its own heap. It computes the same as the wasm backend, faster. Returns a
 * reason instead of a backend if there is no addon for this machine or the processor does not support it.
 */
export function createNativeBackend(wish?: NativeWish, folder?: FolderUrl): NativeResult {
  const found = probeNative(wish, folder);
  if (found.reason !== undefined) return { reason: found.reason };
  const reserved = reserveMemory();
  const { kernels, attach } = found.addon.create(found.instructions, reserved.memory.buffer);
  return {
    backend: {
      name: "native",
      instructions: found.instructions,
      memory: linearMemory(reserved, HEAP_START, attach),
      kernels,
    },
  };
}

function forcedInstructions(): NativeInstructions | undefined {
  const name = globalThis.process?.env?.UNROLLED_CPU;
  if (name === undefined || name === "") return undefined;
  const known = INSTRUCTIONS.find((each) => each === name);
  if (known !== undefined) return known;
  throw new InputError(`UNROLLED_CPU=${name}: there are no such kernels`, {
    hint: `use ${INSTRUCTIONS.join(", ")}, or unset it for the best that this machine has`,
  });
}
