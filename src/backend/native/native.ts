import { InputError } from "../../core/errors.ts";
import type { Backend } from "../backend.ts";
import { createMemory, linearMemory } from "../wasm-memory.ts";
import { type Addon, INSTRUCTIONS, type Loaded, loadAddon, type NativeInstructions } from "./addon.ts";

export type { NativeInstructions } from "./addon.ts";

/** A backend, or one line that says why there is none here. */
export type NativeResult =
  | { readonly backend: Backend; readonly reason?: undefined }
  | { readonly backend?: undefined; readonly reason: string };

/** What can run here and was chosen, or why nothing can. */
export type NativeProbe =
  | { readonly addon: Addon; readonly instructions: NativeInstructions; readonly reason?: undefined }
  | { readonly addon?: undefined; readonly instructions?: undefined; readonly reason: string };

/** Instruction sets that the design knows and the addon does not hold yet. */
const COMING: readonly string[] = ["amx"];

/** Address 0 stands for "absent"; the first that may be allocated starts a cache line. */
const HEAP_START = 64;

/** Not `new URL("./", import.meta.url)`: bundlers would take what lies there into pages, which cannot load it. */
const here: string = import.meta.url;

let own: Loaded | undefined;

/** The package's own addon is loaded once a thread. */
function load(folder: URL | undefined): Loaded {
  if (folder !== undefined) return loadAddon(folder);
  own ??= loadAddon(new URL(".", here));
  return own;
}

/**
 * Which native kernels would run: `instructions`, or what the environment variable UNROLLED_CPU names, or the best
 * that the processor has.
 * @param folder where the addon is
 * @throws InputError when UNROLLED_CPU names what is unknown or cannot run here: it forces, so nothing takes its place
 */
export function probeNative(instructions?: NativeInstructions, folder?: URL): NativeProbe {
  if (instructions !== undefined) return choose(load(folder), instructions);
  const forced = forcedInstructions();
  const found = choose(load(folder), forced);
  if (forced !== undefined && found.reason !== undefined) {
    throw new InputError(`UNROLLED_CPU=${forced}: ${found.reason}`, {
      hint: "unset it for what this machine has",
    });
  }
  return found;
}

function choose(found: Loaded, wanted: NativeInstructions | undefined): NativeProbe {
  if (found.addon === undefined) return { reason: found.reason };
  const { addon } = found;
  const instructions = wanted ?? addon.instructions[0];
  if (instructions !== undefined && addon.instructions.includes(instructions)) return { addon, instructions };
  const has = addon.instructions.join(" and ");
  return { reason: `this processor lacks ${instructions ?? "AVX2 with FMA"}${has && `, it has ${has}`}` };
}

/**
 * The native kernels with a heap of their own: the same work as WebAssembly's, faster. A reason instead of a backend
 * where the addon or the processor is missing.
 */
export function createNativeBackend(instructions?: NativeInstructions, folder?: URL): NativeResult {
  const found = probeNative(instructions, folder);
  if (found.reason !== undefined) return { reason: found.reason };
  const memory = createMemory();
  const { kernels, attach } = found.addon.create(found.instructions, memory.buffer);
  return {
    backend: {
      name: "native",
      instructions: found.instructions,
      memory: linearMemory(memory, HEAP_START, attach),
      kernels,
    },
  };
}

function forcedInstructions(): NativeInstructions | undefined {
  const name = globalThis.process?.env?.UNROLLED_CPU;
  if (name === undefined || name === "") return undefined;
  const known = INSTRUCTIONS.find((each) => each === name);
  if (known !== undefined) return known;
  const problem = COMING.includes(name) ? "these kernels are not built yet" : "there are no such kernels";
  throw new InputError(`UNROLLED_CPU=${name}: ${problem}`, {
    hint: `use ${INSTRUCTIONS.join(", ")}, or unset it for the best that this machine has`,
  });
}
