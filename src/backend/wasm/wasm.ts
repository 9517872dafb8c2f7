import { UnrolledError } from "../../core/errors.ts";
import type { Backend, Kernels } from "../backend.ts";
import { createMemory, linearMemory } from "../wasm-memory.ts";

/** A module of one function that multiplies and adds with f32x4.relaxed_madd. */
const RELAXED_PROBE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type: () -> v128
  ...[0x03, 0x02, 0x01, 0x00], // one function of it
  ...[0x0a, 0x13, 0x01, 0x11, 0x00], // code
  ...[0x41, 0x00, 0xfd, 0x11, 0x41, 0x00, 0xfd, 0x11, 0x41, 0x00, 0xfd, 0x11], // three i32x4.splat(0)
  ...[0xfd, 0x85, 0x02, 0x0b], // f32x4.relaxed_madd, end
);

export type WasmInstructions = "simd128" | "relaxed-simd";

/** The best instruction set that this engine accepts: Node 22 and Chromium have relaxed SIMD, older ones not. */
export function bestInstructions(): WasmInstructions {
  return WebAssembly.validate(RELAXED_PROBE) ? "relaxed-simd" : "simd128";
}

function moduleUrl(instructions: WasmInstructions): URL {
  return instructions === "relaxed-simd"
    ? new URL("./unrolled-relaxed.wasm", import.meta.url)
    : new URL("./unrolled-simd.wasm", import.meta.url);
}

/** Load without waiting, where files can be read at once (Node); undefined elsewhere. */
export function createWasmBackend(instructions: WasmInstructions = bestInstructions()): Backend | undefined {
  const fs = globalThis.process?.getBuiltinModule?.("node:fs");
  if (fs === undefined) return undefined;
  const bytes = fs.readFileSync(moduleUrl(instructions));
  return instantiate(new WebAssembly.Module(bytes), instructions);
}

/** Load in a browser. */
export async function loadWasmBackend(instructions: WasmInstructions = bestInstructions()): Promise<Backend> {
  const response = await fetch(moduleUrl(instructions));
  return instantiate(await WebAssembly.compile(await response.arrayBuffer()), instructions);
}

function instantiate(module: WebAssembly.Module, instructions: WasmInstructions): Backend {
  const memory = createMemory();
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const start = exports.__heap_base;
  if (!(start instanceof WebAssembly.Global) || typeof exports.recurrent_forward !== "function") {
    throw new UnrolledError("BACKEND", "failure", "the WebAssembly module does not hold the kernels", {
      hint: "build it again: npm run build:wasm",
    });
  }
  return {
    name: "wasm",
    instructions,
    memory: linearMemory(memory, start.value as number),
    kernels: exports as unknown as Kernels,
  };
}
