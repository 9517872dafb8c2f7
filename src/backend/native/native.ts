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

/** A backend, or one line that says why there is none here. */
export type NativeResult =
  | { readonly backend: Backend; readonly reason?: undefined }
  | { readonly backend?: undefined; readonly reason: string };

/** What can run here and was chosen, or why nothing can. */
export type NativeProbe =
  | { readonly addon: Addon; readonly instructions: NativeInstructions; readonly reason?: undefined }
  | { readonly addon?: undefined; readonly instructions?: undefined; readonly reason: string };

/** Address 0 stands for "absent"; the first that may be allocated starts a cache line. */
const HEAP_START = 64;

/** Not `new URL("./", import.meta.url)`: bundlers would take what lies there into pages, which cannot load it. */
const here: string = import.meta.url;

let own: Loaded | undefined;

/** The package's own addon is loaded once a thread. */
function load(folder: FolderUrl | undefined): Loaded {
  if (folder !== undefined) return loadAddon(folder);
  own ??= loadAddon(new URL(".", here));
  return own;
}

/** `highest` is plain f32; `high` allows products of f32 numbers split into bf16 parts: AMX's. See docs/precision.md. */
export const PRECISIONS = ["highest", "high"] as const;
export type Precision = (typeof PRECISIONS)[number];

/** What the products of an instruction set have. */
export function precisionOf(instructions: string): Precision {
  return instructions === "amx" ? "high" : "highest";
}

/** A precision, for the best instructions that it allows, or instructions by their name. */
export type NativeWish = Precision | NativeInstructions;

/**
 * Which native kernels would run: what is wished, `highest` if nothing is. Where that leaves a choice, the environment
 * variable UNROLLED_CPU makes it, or else the best that the processor has is taken.
 * @param folder where the addon is
 * @throws InputError when UNROLLED_CPU names what is unknown, is too coarse for the wish or cannot run here: it forces,
 * so nothing takes its place
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
 * The native kernels with a heap of their own: the same work as WebAssembly's, faster. A reason instead of a backend
 * where the addon or the processor is missing.
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
