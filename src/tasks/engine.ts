import type { Backend } from "../backend/backend.ts";
import {
  createNativeBackend,
  type NativeInstructions,
  PRECISIONS,
  type Precision,
  precisionOf,
  probeNative,
} from "../backend/native/native.ts";
import { createReferenceBackend } from "../backend/reference/reference.ts";
import { bestInstructions, createWasmBackend, type WasmInstructions } from "../backend/wasm/wasm.ts";
import { InputError, UnrolledError } from "../core/errors.ts";
import { checkValue, FUNCTION, oneOf, optional } from "../core/options.ts";

/** What `--backend` may say. */
export type BackendChoice = "auto" | "native" | "wasm" | "reference";

/** A backend by its names, so that every replica opens the same. */
export interface Engine {
  readonly backend: "native" | "wasm" | "reference";
  readonly instructions: string;
}

/**
 * What a choice comes to on this machine: `auto` is native where that loads, else wasm, and says so. A precision of
 * `high` that no kernels here make use of is said too.
 * @throws InputError when `native` was asked for and cannot be had
 */
export function chooseEngine(
  choice: BackendChoice = "auto",
  onNote?: (text: string) => void,
  precision?: Precision,
): Engine {
  checkValue("chooseEngine: choice", oneOf("auto", "native", "wasm", "reference"), choice);
  checkValue("chooseEngine: onNote", optional(FUNCTION), onNote);
  checkValue("chooseEngine: precision", optional(oneOf(...PRECISIONS)), precision);
  if (choice === "reference") return { backend: "reference", instructions: "float64" };
  const engine = withKernels(choice, onNote, precision);
  if (precision === "high" && precisionOf(engine.instructions) !== "high") {
    onNote?.(`--precision high runs the f32 kernels here: ${whyNotHigh(engine)}`);
  }
  return engine;
}

function withKernels(
  choice: Exclude<BackendChoice, "reference">,
  onNote: ((text: string) => void) | undefined,
  precision: Precision | undefined,
): Engine {
  const wasm = { backend: "wasm", instructions: bestInstructions() } as const;
  if (choice === "wasm") return wasm;
  const { instructions, reason } = probeNative(precision);
  if (reason === undefined) return { backend: "native", instructions };
  if (choice === "native") {
    throw new InputError(`--backend native: ${reason}`, {
      hint: "--backend wasm does the same, more slowly",
    });
  }
  onNote?.(`on WebAssembly, which is slower: ${reason}`);
  return wasm;
}

function whyNotHigh({ backend, instructions }: Engine): string {
  if (backend === "wasm") return "WebAssembly has no others";
  return probeNative("amx").reason ?? `UNROLLED_CPU=${instructions}`;
}

/** @throws UnrolledError where the files of the kernels cannot be read */
export function openBackend({ backend, instructions }: Engine): Backend {
  if (backend === "reference") return createReferenceBackend();
  if (backend === "native") {
    const native = createNativeBackend(instructions as NativeInstructions);
    if (native.backend !== undefined) return native.backend;
    throw new UnrolledError("BACKEND", "failure", native.reason);
  }
  const wasm = createWasmBackend(instructions as WasmInstructions);
  if (wasm !== undefined) return wasm;
  throw new UnrolledError("BACKEND", "failure", "the WebAssembly kernels cannot be read here");
}
